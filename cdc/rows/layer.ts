import { sortedKeys, type SortedKeys } from 'banyan/runtime';
import type { StoredKey } from './key-encoding.ts';

/** What a key was changed to: a text, or null for a removal. */
export type LayerValue = string | null;
export type LayerEntry = readonly [key: StoredKey, value: LayerValue];

/** Changes in memory over something older, the last one of each key. */
export interface LayerMemory {
  /** About how many bytes it takes. */
  readonly bytes: number;
  readonly size: number;
  /** Undefined: not changed here. */
  get(key: StoredKey): LayerValue | undefined;
  set(key: StoredKey, value: LayerValue): void;
  /** Changes whose key begins with the prefix, in key order, behind `after`. Do not set while iterating. */
  within(prefix: StoredKey, after?: StoredKey): Iterable<LayerEntry>;
  /** All changes, in the order of their first setting. */
  all(): Iterable<LayerEntry>;
}

/** A map's entry and two strings' headers, by measurement of heaps of them. */
const entryOverhead = 100;

/** An empty one. */
export function layerMemory(): LayerMemory {
  const values = new Map<StoredKey, LayerValue>();
  // Capture hardly ever reads a range: keys are put in order when somebody first does.
  let sorted: SortedKeys | undefined;
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    get size() {
      return values.size;
    },
    get: (key) => values.get(key),
    set(key, value) {
      const before = values.get(key);
      if (before === undefined) {
        bytes += key.length + entryOverhead;
        sorted?.add(key);
      }
      bytes += (value?.length ?? 0) - (before?.length ?? 0);
      values.set(key, value);
    },
    *within(prefix, after) {
      sorted ??= sortedKeys(values.keys());
      const exclusive = after !== undefined && after >= prefix;
      for (const key of sorted.from(exclusive ? after : prefix, exclusive)) {
        if (!key.startsWith(prefix)) return;
        yield [key, values.get(key) ?? null];
      }
    },
    all: () => values,
  };
}

/**
 * Merges sources in key order, the first of them being the newest: of several entries with one key, its entry counts.
 */
export function* mergeLayers(newestFirst: readonly Iterable<LayerEntry>[]): Generator<LayerEntry> {
  const iterators = newestFirst.map((source) => source[Symbol.iterator]());
  const heads = iterators.map((iterator) => nextOf(iterator));
  for (;;) {
    let least: LayerEntry | undefined;
    for (const head of heads)
      if (head !== undefined && (least === undefined || head[0] < least[0])) least = head;
    if (least === undefined) return;
    yield least;
    for (let at = 0; at < heads.length; at++) {
      const iterator = iterators[at];
      if (heads[at]?.[0] === least[0] && iterator !== undefined) heads[at] = nextOf(iterator);
    }
  }
}

function nextOf(iterator: Iterator<LayerEntry>): LayerEntry | undefined {
  const next = iterator.next();
  return next.done === true ? undefined : next.value;
}
