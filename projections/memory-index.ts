import type { CursorPlace } from './page-cursor.ts';

/** An index of the memory store: the places of each partition, sorted when they are asked for. */
export interface MemoryIndex {
  set(key: string, entry: { readonly partition: string; readonly sort: string } | undefined): void;
  /** The places of a partition, by sort and then key. */
  places(partition: string): readonly CursorPlace[];
}

/** Makes an empty index. Writing is O(1); the first question after a write sorts the partition. */
export function createMemoryIndex(): MemoryIndex {
  const entries = new Map<string, CursorPlace & { readonly partition: string }>();
  const partitions = new Map<string, Set<string>>();
  const sorted = new Map<string, readonly CursorPlace[]>();

  const remove = (key: string): void => {
    const old = entries.get(key);
    if (old === undefined) return;
    entries.delete(key);
    sorted.delete(old.partition);
    const keys = partitions.get(old.partition);
    keys?.delete(key);
    if (keys?.size === 0) partitions.delete(old.partition);
  };

  return {
    set: (key, entry) => {
      const old = entries.get(key);
      if (old && entry && old.partition === entry.partition && old.sort === entry.sort) return;
      remove(key);
      if (entry === undefined) return;
      entries.set(key, { ...entry, key });
      sorted.delete(entry.partition);
      const keys = partitions.get(entry.partition);
      if (keys) keys.add(key);
      else partitions.set(entry.partition, new Set([key]));
    },
    places: (partition) => {
      const known = sorted.get(partition);
      if (known) return known;
      const places = [...(partitions.get(partition) ?? [])].flatMap((key) => entries.get(key) ?? []);
      places.sort(comparePlaces);
      sorted.set(partition, places);
      return places;
    },
  };
}

/** By sort, then by key, both by code unit. */
export function comparePlaces(one: CursorPlace, other: CursorPlace): number {
  return compareTexts(one.sort, other.sort) || compareTexts(one.key, other.key);
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
