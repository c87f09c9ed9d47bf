import type { Generation, ViewStore } from 'banyan/projections';
import type { HistoryEntry } from '../history/entry.ts';

/** What the estimate of a rebuild's length rests on, with events and documents a second. */
export type Basis = {
  readonly events: number;
  readonly documents: number;
} & (
  | {
      /** The last rebuild of the whole view into this store that took long enough to tell by. */
      readonly kind: 'rebuild';
      readonly generation: number;
      /** ISO 8601. */
      readonly at: string;
      readonly seconds: number;
    }
  /** What the store says that it takes of a new generation. */
  | { readonly kind: 'store'; readonly writeUnits: number }
  /** What was measured elsewhere: nothing else is known. */
  | { readonly kind: 'measured' }
);

/** Of our own measurements, on one core and into Postgres: bench/RESULTS.md. */
const measured = { events: 60_000, documents: 8_000 } as const;

/** A rebuild that took fewer seconds than this tells more of its beginning than of how fast it is. */
export const leastSeconds = 10;

/** What is known of a view and where it is kept. */
export interface Known {
  readonly projection: string;
  readonly store: Pick<ViewStore, 'writeUnitsPerSecond'>;
  /** All that the store has of the projection. */
  readonly generations: readonly Generation[];
  /** The oldest first. */
  readonly history: readonly HistoryEntry[];
  /** Write units of a document, on average. */
  readonly unitsPerDocument: number;
  /** Documents a second at most. */
  readonly writeRate: number;
}

/** What to estimate by. Pure. */
export function basisOf(known: Known): Basis {
  const last = lastRebuild(known);
  if (last) return last;
  const { writeUnitsPerSecond: writeUnits } = known.store;
  const { documents } = measured;
  if (writeUnits === undefined) return { kind: 'measured', ...measured };
  return {
    ...{ kind: 'store', writeUnits, events: measured.events },
    documents: Math.min(documents, writeUnits / known.unitsPerDocument),
  };
}

/**
 * Of the history, which may tell of another store too: of a generation that is here. Not of one that was built narrowly,
 * nor was slowed down more than this one is going to be.
 */
function lastRebuild({ projection, generations, history, writeRate }: Known): Basis | undefined {
  const bundles = new Map(generations.map(({ number, bundle }) => [number, bundle]));
  for (const { action, completed, at, projections, figures = {} } of history.toReversed()) {
    const built = projections.find(({ name }) => name === projection);
    // Of one that was brought to its end by another command the last part is not told.
    if (action !== 'finish' || completed === true || built?.to === undefined) continue;
    if (bundles.get(built.to) !== built.bundle || figures['narrow'] !== undefined) continue;
    const told = (name: string, otherwise = 0): number => {
      const figure = figures[name];
      return typeof figure === 'number' ? figure : otherwise;
    };
    const [events, documents, seconds] = [told('events'), told('documents'), told('seconds')];
    if (seconds < leastSeconds || events === 0 || documents === 0) continue;
    if (told('writeRate', Infinity) < writeRate) continue;
    return {
      ...{ kind: 'rebuild', generation: built.to, at, seconds },
      ...{ events: events / seconds, documents: documents / seconds },
    };
  }
  return undefined;
}
