import type { Item, ViewStore } from 'banyan/projections';
import type { Clock } from 'banyan/runtime';
import { placesNow, type Places, type WaitForRest } from './rest.ts';
import { isSettled, isUnsure, type ReadPair } from './settled.ts';

/** A key that was read while its generations moved, by the revisions that it had. */
interface Unsettled {
  readonly key: string;
  /** It may have had events that its generation's progress did not cover. */
  readonly wasUnsure: boolean;
  readonly live: number | undefined;
  readonly next: number | undefined;
}

/** Keys to check again; all were read before the generations had come to `had`. */
interface Chunk {
  readonly keys: Unsettled[];
  had: Places;
}

/** What checking again needs. */
export interface RecheckOptions {
  readonly store: ViewStore;
  readonly clock: Clock;
  readonly wait: WaitForRest;
  /** Milliseconds for a chunk to settle. */
  readonly settleMs: number;
  /** Keys of a chunk. */
  readonly chunkSize: number;
  /** Told of each key once. */
  readonly done: (pair: ReadPair, settled: boolean) => void;
}

/** Keys that are checked again later, when both generations have come to where either was. */
export interface Recheck {
  /** How many wait. */
  readonly waiting: number;
  /** Resolves when there is room for more. */
  add(pair: ReadPair): Promise<void>;
  /** Checks all that wait. */
  finish(): Promise<void>;
}

/** Chunks that wait: by the time one is looked at, its generations have mostly moved on far enough. */
const chunksWaiting = 8;

/** Begins with none. Holds keys and revisions, no documents. */
export function createRecheck(options: RecheckOptions): Recheck {
  const chunks: Chunk[] = [];
  let waiting = 0;
  const settleFirst = async (): Promise<void> => {
    const chunk = chunks.shift();
    if (!chunk) return;
    await settleChunk(chunk, options);
    waiting -= chunk.keys.length;
  };
  return {
    get waiting() {
      return waiting;
    },
    add: async (pair) => {
      const had = placesOf(pair);
      let last = chunks.at(-1);
      if (!last || last.keys.length >= options.chunkSize) chunks.push((last = { keys: [], had }));
      last.keys.push(unsettled(pair));
      // Progress only grows: the places of the last one hold for all before it.
      last.had = had;
      waiting += 1;
      if (chunks.length > chunksWaiting) await settleFirst();
    },
    finish: async () => {
      while (chunks.length > 0) await settleFirst();
    },
  };
}

/**
 * A key that has not changed since it was read, while both generations have come to where either was then, is now
 * the fold of the same history in both. One that has changed is read again under the same condition, one that waits for
 * something when either generation has gone on.
 */
async function settleChunk(chunk: Chunk, options: RecheckOptions): Promise<void> {
  const deadline = options.clock.now() + options.settleMs;
  let { had, keys } = chunk as Pick<Chunk, 'had'> & { keys: readonly Unsettled[] };
  let rest = await options.wait.rest(had, deadline);
  for (;;) {
    const pairs = await readAgain(options.store, had, keys);
    const isLast = rest !== 'reached' || options.clock.now() >= deadline;
    const left: Unsettled[] = [];
    let isWaiting = false;
    for (const [at, pair] of pairs.entries()) {
      const before = keys[at];
      if (!before) continue;
      const now = unsettled(pair);
      const unmoved = rest === 'reached' && before.live === now.live && before.next === now.next;
      const settled = (unmoved && !before.wasUnsure) || isSettled(pair);
      if (settled || isLast) options.done(pair, settled);
      else left.push(now);
      isWaiting ||= now.wasUnsure;
      had = placesOf(pair);
    }
    if (left.length === 0) return;
    keys = left;
    rest = isWaiting ? await options.wait.move(had, deadline) : 'reached';
    if (rest === 'reached') rest = await options.wait.rest(had, deadline);
  }
}

async function readAgain(store: ViewStore, places: Places, keys: readonly Unsettled[]): Promise<ReadPair[]> {
  const wanted = keys.map(({ key }) => key);
  const { live, next } = places;
  const before = await placesNow(store, places);
  const [liveItems, nextItems] = await Promise.all([
    store.readMany(live.generation, wanted),
    store.readMany(next.generation, wanted),
  ]);
  const after = await placesNow(store, places);
  const side = (items: ReadonlyMap<string, Item>, of: keyof Places, key: string): ReadPair['live'] => ({
    item: items.get(key),
    reading: { generation: places[of].generation, before: before[of].progress, after: after[of].progress },
  });
  return wanted.map((key) => ({
    key,
    live: side(liveItems, 'live', key),
    next: side(nextItems, 'next', key),
  }));
}

function unsettled(pair: ReadPair): Unsettled {
  const { key, live, next } = pair;
  return { key, wasUnsure: isUnsure(pair), live: live.item?.revision, next: next.item?.revision };
}

function placesOf({ live, next }: ReadPair): Places {
  const place = ({ reading }: ReadPair['live']): Places['live'] => ({
    generation: reading.generation,
    progress: reading.after,
  });
  return { live: place(live), next: place(next) };
}
