import { eventLogName, type EventLogRef, type Progress } from 'banyan/events';
import type { GenerationId, ViewStore } from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';
import { covers, logOf, mergePlaces, type Places } from './session.ts';
import { watch, type Patience, type Watch } from './watch.ts';

/** How far generations have come, as far as this process knows; it only grows. */
export interface Coverage {
  /**
   * Whether a generation has come as far as was shown, in the logs that feed it; waits for it. Asks the store only
   * for what is not known yet.
   * @throws BanyanError GENERATION_UNKNOWN
   */
  reaches(id: GenerationId, shown: Places, patience: Patience): Promise<boolean>;
  /**
   * How far a generation has come at this moment: asked for at each call.
   * @throws BanyanError GENERATION_UNKNOWN
   */
  holdsNow(id: GenerationId): Promise<Places>;
  /** The generation was seen to hold this. */
  readonly saw: (id: GenerationId, places: Places) => void;
}

/** What is known of a generation. */
interface Known {
  seen: Places;
  readonly progress: Watch;
  logs: Promise<readonly EventLogRef[]> | undefined;
}

/** Generations that are remembered: far more than are kept at a time. */
const remembered = 500;

/** Follows the progress of a store's generations. */
export function coverageOf(store: ViewStore): Coverage {
  const all = new Map<string, Known>();

  const feeding = (id: GenerationId, known: Known): Promise<readonly EventLogRef[]> => {
    const asked = (known.logs ??= logsOf(store, id));
    asked.catch(() => {
      if (known.logs === asked) known.logs = undefined;
    });
    return asked;
  };
  const held = async (id: GenerationId, known: Known): Promise<Places> => {
    const [progress, logs] = await Promise.all([store.progress(id), feeding(id, known)]);
    return placesOf(progress, logs);
  };
  const of = (id: GenerationId): Known => {
    const name = `${id.projection}.g${id.number}`;
    const found = all.get(name);
    if (found) return found;
    const ask = async (): Promise<void> => {
      known.seen = mergePlaces(known.seen, await held(id, known));
    };
    const known: Known = { seen: new Map(), progress: watch(ask), logs: undefined };
    // The one that was met first is forgotten: it is only asked about again.
    for (const oldest of all.keys()) if (all.size >= remembered) all.delete(oldest);
    all.set(name, known);
    return known;
  };
  return {
    reaches: async (id, shown, patience) => {
      const known = of(id);
      if (covers(known.seen, shown)) return true;
      const names = new Set((await feeding(id, known)).map(logOf));
      const wanted = new Map([...shown].filter(([log]) => names.has(log)));
      return known.progress.until(() => covers(known.seen, wanted), patience);
    },
    holdsNow: (id) => held(id, of(id)),
    saw: (id, places) => {
      const known = of(id);
      if (!covers(known.seen, places)) known.seen = mergePlaces(known.seen, places);
    },
  };
}

/** Which logs feed a generation never changes. */
async function logsOf(store: ViewStore, id: GenerationId): Promise<readonly EventLogRef[]> {
  const found = (await store.generations(id.projection)).find(({ number }) => number === id.number);
  if (found) return found.logs;
  throw new BanyanError(
    'GENERATION_UNKNOWN',
    `There is no generation ${id.number} of view ${id.projection} (any more). Look at the live pointer again.`,
    { details: { projection: id.projection, generation: id.number } },
  );
}

function placesOf(progress: Progress, logs: readonly EventLogRef[]): Places {
  const places = logs.flatMap((log) => {
    const cursor = progress[eventLogName(log)];
    if (cursor === undefined) return [];
    const { position, index = Infinity } = cursor;
    return [[logOf(log), { position, index }] as const];
  });
  return new Map(places);
}
