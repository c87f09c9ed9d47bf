import type { Generation, Item, ViewStore } from 'banyan/projections';
import type { ReadPair, Reading } from './settled.ts';

/** Items of a page; two pages are held at a time. */
const pageSize = 500;

/** A scan of one generation: the next item, and the reading that it, or its absence before a greater key, comes from. */
interface Scan {
  readonly item: Item | undefined;
  readonly reading: Reading;
  advance(): Promise<void>;
}

/** Reads both generations in key order: every key that either has, tombstones included. */
export async function* readPairs(
  store: ViewStore,
  live: Generation,
  next: Generation,
): AsyncGenerator<ReadPair, void> {
  const [one, other] = await Promise.all([beginScan(store, live), beginScan(store, next)]);
  for (;;) {
    const key = leastKey(one.item, other.item);
    if (key === undefined) return;
    const [liveItem, nextItem] = [one, other].map(({ item }) => (item?.key === key ? item : undefined));
    yield {
      key,
      live: { item: liveItem, reading: one.reading },
      next: { item: nextItem, reading: other.reading },
    };
    // Only at the end of a page there is anything to wait for.
    if (liveItem) await one.advance();
    if (nextItem) await other.advance();
  }
}

function leastKey(one: Item | undefined, other: Item | undefined): string | undefined {
  if (!one || !other) return (one ?? other)?.key;
  return one.key < other.key ? one.key : other.key;
}

async function beginScan(store: ViewStore, generation: Generation): Promise<Scan> {
  let page = await readPage(store, generation, undefined);
  let at = 0;
  return {
    get item() {
      return page.items[at];
    },
    get reading() {
      return page.reading;
    },
    advance: async () => {
      at += 1;
      while (at >= page.items.length && page.next !== undefined) {
        page = await readPage(store, generation, page.next);
        at = 0;
      }
    },
  };
}

interface ReadPage {
  readonly items: readonly Item[];
  readonly next?: string;
  readonly reading: Reading;
}

async function readPage(
  store: ViewStore,
  generation: Generation,
  cursor: string | undefined,
): Promise<ReadPage> {
  const before = await store.progress(generation);
  const page = await store.scan(generation, {
    limit: pageSize,
    ...(cursor !== undefined && { after: cursor }),
  });
  const after = await store.progress(generation);
  return { ...page, reading: { generation, before, after } };
}
