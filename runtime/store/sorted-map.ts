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
  const iterators = newestFirst.map((source) => source[Symbol.iterator]());
  const heads = iterators.map((iterator) => nextOf(iterator));
  for (;;) {
    let least: KeyedEntry<V> | undefined;
    for (const head of heads) {
      if (head !== undefined && (least === undefined || head[0] < least[0])) least = head;
    }
    if (least === undefined) return;
    yield least;
    for (let at = 0; at < heads.length; at++) {
      const iterator = iterators[at];
      if (heads[at]?.[0] === least[0] && iterator !== undefined) heads[at] = nextOf(iterator);
    }
  }
}

function nextOf<V>(iterator: Iterator<KeyedEntry<V>>): KeyedEntry<V> | undefined {
  const next = iterator.next();
  return next.done === true ? undefined : next.value;
}
