import { compareOrderKeys, eventLogName, type OrderKey, type Progress } from 'banyan/events';
import { coversEvent, type Generation, type Item } from 'banyan/projections';
import { hasAllOf } from '../coverage.ts';

/** What was read of one generation at once: everything up to `before` is in it, nothing behind `after`. */
export interface Reading {
  readonly generation: Generation;
  /** The progress when the reading began. */
  readonly before: Progress;
  /** The progress when it had ended; documents and progress are committed together. */
  readonly after: Progress;
}

/** A key as it was read of both generations. */
export interface ReadPair {
  readonly key: string;
  readonly live: { readonly item: Item | undefined; readonly reading: Reading };
  readonly next: { readonly item: Item | undefined; readonly reading: Reading };
}

/**
 * Whether the two items are folds of the same history, though they were read at different moments: then their
 * difference is the code's, and not the time's. Neither may be {@link isUnsure unsure}, and one of:
 *
 * - both readings have all that the other one has;
 * - both items have settled with the same event (each has all of the key's events before it);
 * - both readings have everything up to the later one of the items' last events, which says nothing of other logs
 *   unless all are of one source, where positions are in order.
 */
export function isSettled(pair: ReadPair): boolean {
  const { live, next } = pair;
  if (isUnsure(pair)) return false;
  const both = bothReadings(live.reading, next.reading);
  if (both.haveAll) return true;
  const [one, other] = [lastEvent(live.item), lastEvent(next.item)];
  if (one === 'unknown' || other === 'unknown') return false;
  const endTheSame = one && other && both.sameLogs && compareOrderKeys(one, other) === 0;
  if (endTheSame && live.item?.state.kind !== 'open' && next.item?.state.kind !== 'open') return true;
  return both.oneSource && Math.max(one?.position ?? 0, other?.position ?? 0) <= both.position;
}

/**
 * Whether one of the items is not the fold of all events up to any place: it waits for its catch-up, or its window has
 * an event that its generation's progress does not cover, before which another one may still come.
 */
export function isUnsure({ live, next }: Pick<ReadPair, 'live' | 'next'>): boolean {
  return isSideUnsure(live) || isSideUnsure(next);
}

function isSideUnsure({ item, reading }: ReadPair['live']): boolean {
  const state = item?.state;
  switch (state?.kind) {
    case undefined:
    case 'settled':
    case 'removed':
      return false;
    case 'open':
      return state.doubt !== undefined || !state.window.every((event) => coversEvent(reading.before, event));
    case 'behind':
      return state.cause.kind === 'window';
  }
}

/** The last event in the item; none where there is no item. A parked one has stopped before its last. */
function lastEvent(item: Item | undefined): OrderKey | 'unknown' | undefined {
  if (!item) return undefined;
  const { state } = item;
  switch (state.kind) {
    case 'settled':
    case 'removed':
      return state.at;
    case 'open':
      return state.window.at(-1) ?? state.base.at;
    case 'behind':
      return 'unknown';
  }
}

/** What two readings have in common, whatever the key. */
interface BothReadings {
  /** Each has all that the other one has. */
  readonly haveAll: boolean;
  readonly sameLogs: boolean;
  readonly oneSource: boolean;
  /** Both have every log up to here, whole transactions. */
  readonly position: number;
}

/** Asked for each key, and the same for hundreds of keys: a page on either side. */
const known = new WeakMap<Reading, { readonly next: Reading; readonly both: BothReadings }>();

function bothReadings(live: Reading, next: Reading): BothReadings {
  const found = known.get(live);
  if (found?.next === next) return found.both;
  const [names, others] = [live, next].map(({ generation }) => new Set(generation.logs.map(eventLogName)));
  const sources = new Set([...live.generation.logs, ...next.generation.logs].map(({ source }) => source));
  const both = {
    haveAll: hasAll(live, next) && hasAll(next, live),
    sameLogs: names !== undefined && others !== undefined && names.symmetricDifference(others).size === 0,
    oneSource: sources.size === 1,
    position: Math.min(positionOf(live), positionOf(next)),
  };
  known.set(live, { next, both });
  return both;
}

function hasAll({ generation, before }: Reading, other: Reading): boolean {
  return hasAllOf({ generation, progress: before }, { generation: other.generation, progress: other.after });
}

/** The position up to which a reading has every log. */
function positionOf({ generation, before }: Reading): number {
  const positions = generation.logs.map((log) => {
    const cursor = before[eventLogName(log)];
    return cursor?.index === undefined ? (cursor?.position ?? 0) : cursor.position - 1;
  });
  return Math.min(...positions);
}
