import type { MergedLog } from 'banyan/events';
import type { Logger } from 'banyan/runtime';
import { catchUp } from '../catch-up/catch-up.ts';
import { trackedBounds } from '../converge/bounds.ts';
import { converge } from '../converge/converge.ts';
import { limitsOf, type ConvergeLimits } from '../converge/limits.ts';
import { logParked, newlyParked } from '../converge/newly-parked.ts';
import type { AnyProjection } from '../projection.ts';
import type { Generation, Item, Trouble, ViewStore } from '../view-store.ts';
import type { Tracking } from './ledger.ts';

/** What is to be looked after. */
export interface MendOptions {
  /** With the code that built the generation. */
  readonly projection: AnyProjection;
  readonly generation: Generation;
  readonly store: ViewStore;
  /** The generation's event logs. */
  readonly logs: readonly MergedLog[];
  readonly logger: Logger;
  /** Default: those of the store. */
  readonly limits?: ConvergeLimits;
  /** Aborted, it stops after the items that it is at. */
  readonly signal?: AbortSignal;
}

/** What became of items in trouble. */
export interface Mended {
  /** Items in doubt that are so no longer: mended, or parked. */
  readonly decided: number;
  /** Items that were behind and are so no longer. */
  readonly caughtUp: number;
  /** Items that are still behind. */
  readonly left: number;
}

/** Items that are looked after at once: they come with their documents and windows. */
const pageItems = 200;

/** Looks after the items in doubt and those that are behind with their windows. May be run by several at once. */
export async function mend(options: MendOptions): Promise<Mended> {
  const decided = await decideDoubts(options, await options.store.tracking(options.generation));
  return { decided, ...(await catchUpWindows(options)) };
}

/** Looks again at items in doubt: nothing can mend an event any more that the frontier has passed. */
export async function decideDoubts(options: MendOptions, tracking: Tracking): Promise<number> {
  const { projection, generation, store, logger, limits = limitsOf(store) } = options;
  const bounds = trackedBounds(generation.logs, tracking);
  let decided = 0;
  for await (const items of troubledItems(options, 'doubt')) {
    const results = items.flatMap((item) => {
      const result = converge(projection, item.key, item, [], bounds, limits);
      return result.kind === 'changed' ? [{ result, expected: item.revision }] : [];
    });
    if (results.length === 0) continue;
    const writes = results.map(({ result: { item, indexEntries }, expected }) => ({
      ...{ item, expected, indexEntries },
    }));
    const { conflicts } = await store.writeMany(generation, writes);
    for (const { result } of results) {
      if (conflicts.includes(result.item.key)) continue;
      decided += 1;
      const parked = newlyParked(result);
      if (parked) logParked(logger, generation, parked);
    }
  }
  return decided;
}

/** Catches up the items whose windows grew too long. */
export async function catchUpWindows(options: MendOptions): Promise<Omit<Mended, 'decided'>> {
  let [caughtUp, left] = [0, 0];
  for await (const items of troubledItems(options, 'window')) {
    const came = await catchUp({ ...options, keys: items.map(({ key }) => key) });
    caughtUp += came.caughtUp.length + came.parked.length;
    left += came.left.length;
  }
  return { caughtUp, left };
}

/** Items in some trouble, in pages; none more once the signal aborts. */
export async function* troubledItems(
  { store, generation, signal }: Pick<MendOptions, 'store' | 'generation' | 'signal'>,
  trouble: Trouble,
): AsyncGenerator<readonly Item[], void> {
  let after: string | undefined;
  do {
    const page = await store.troubled(generation, trouble, {
      limit: pageItems,
      ...(after !== undefined && { after }),
    });
    if (page.items.length > 0) yield page.items;
    after = page.next;
  } while (after !== undefined && !signal?.aborted);
}
