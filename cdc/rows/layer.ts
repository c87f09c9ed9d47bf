import { sortedMap, type KeyedEntry } from 'banyan/runtime';
import type { StoredKey } from './key-encoding.ts';

/** What a key was changed to: a text, or null for a removal. */
export type LayerValue = string | null;
export type LayerEntry = KeyedEntry<LayerValue>;

/** Changes in memory over something older, the last one of each key. */
export interface LayerMemory {
  /** About how many bytes it takes. */
  readonly bytes: number;
  /** Undefined: not changed here. */
  get(key: StoredKey): LayerValue | undefined;
  set(key: StoredKey, value: LayerValue): void;
  /** Changes whose key begins with the prefix, in key order, behind `after`. Do not set while iterating. */
  within(prefix: StoredKey, after?: StoredKey): Iterable<LayerEntry>;
  /** All changes. */
  all(): Iterable<LayerEntry>;
}

/** A map's entry and two strings' headers, by measurement of heaps of them. */
const entryOverhead = 100;

/** An empty one. */
export function layerMemory(): LayerMemory {
  const values = sortedMap<LayerValue>();
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    get: (key) => values.get(key),
    set(key, value) {
      const before = values.get(key);
      if (before === undefined) bytes += key.length + entryOverhead;
      bytes += (value?.length ?? 0) - (before?.length ?? 0);
      values.set(key, value);
    },
    within: (prefix, after) => values.within(prefix, after),
    all: () => values.all(),
  };
}
