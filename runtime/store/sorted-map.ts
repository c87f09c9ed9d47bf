import { sortedKeys, type SortedKeys } from './sorted-keys.ts';

/** Something under a key. */
export type KeyedEntry<V> = readonly [key: string, value: V];

/** A map in memory with ranges in code unit order. */
export interface SortedMap<V> {
  readonly size: number;
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  /** Entries whose key begins with the prefix, in order, behind `after`. Do not set or delete while iterating. */
  within(prefix: string, after?: string): Iterable<KeyedEntry<V>>;
  /** All entries in the order of their first setting. */
  all(): Iterable<KeyedEntry<V>>;
}

/** An empty one. Its keys are put in order when somebody first reads a range: many maps are never asked for one. */
export function sortedMap<V>(): SortedMap<V> {
  const values = new Map<string, V>();
  let sorted: SortedKeys | undefined;
  return {
    get size() {
      return values.size;
    },
    get: (key) => values.get(key),
    set(key, value) {
      if (sorted !== undefined && !values.has(key)) sorted.add(key);
      values.set(key, value);
    },
    delete(key) {
      if (values.delete(key)) sorted?.remove(key);
    },
    *within(prefix, after) {
      sorted ??= sortedKeys(values.keys());
      const exclusive = after !== undefined && after >= prefix;
      for (const key of sorted.from(exclusive ? after : prefix, exclusive)) {
        if (!key.startsWith(prefix)) return;
        yield [key, values.get(key) as V];
      }
    },
    all: () => values,
  };
}

/**
 * Merges sources in key order, the first of them being the newest: of several entries with one key, its entry counts.
 */
export function* mergeSorted<V>(newestFirst: readonly Iterable<KeyedEntry<V>>[]): Generator<KeyedEntry<V>> {
  const heads: Head<V>[] = [];
  for (const source of newestFirst) {
    const iterator = source[Symbol.iterator]();
    const entry = nextOf(iterator);
    if (entry !== undefined) heads.push({ iterator, entry });
  }
  // A look-up asks all of a store's tables for a few entries that one of them has: the others are gone by now.
  while (heads.length > 1) {
    let [least] = heads;
    for (const head of heads) if (least === undefined || head.entry[0] < least.entry[0]) least = head;
    if (least === undefined) return;
    const { entry } = least;
    yield entry;
    for (let at = heads.length - 1; at >= 0; at--) {
      const head = heads[at];
      if (head?.entry[0] !== entry[0]) continue;
      const next = nextOf(head.iterator);
      if (next === undefined) heads.splice(at, 1);
      else head.entry = next;
    }
  }
  const [last] = heads;
  for (let entry = last?.entry; entry !== undefined && last !== undefined; entry = nextOf(last.iterator))
    yield entry;
}

/** A source and what comes next of it. */
interface Head<V> {
  readonly iterator: Iterator<KeyedEntry<V>>;
  entry: KeyedEntry<V>;
}

function nextOf<V>(iterator: Iterator<KeyedEntry<V>>): KeyedEntry<V> | undefined {
  const next = iterator.next();
  return next.done === true ? undefined : next.value;
}
