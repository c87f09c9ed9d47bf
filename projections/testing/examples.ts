import type { OrderKey } from 'banyan/events';
import { encodeSort } from '../index-key.ts';
import type { Document, Generation, GenerationId, Item, ItemWrite, ViewStore } from '../view-store.ts';

/*
 * Examples that the suites of this room share.
 */

/** The index of the example generations. */
export const byGroup = 'byGroup';

let made = 0;

/** A generation of a view that no other test has. */
export function exampleGeneration(given: Partial<Generation> = {}): Generation {
  made += 1;
  return {
    projection: `view-${made}`,
    number: 1,
    state: { kind: 'building' },
    bundle: 'b1',
    logs: [],
    floor: {},
    indexes: [{ name: byGroup }],
    createdAt: '2026-03-01T00:00:00.000Z',
    ...given,
  };
}

/** Registers one. */
export async function newGeneration(store: ViewStore, given: Partial<Generation> = {}): Promise<Generation> {
  return store.createGeneration(exampleGeneration(given));
}

/** The order key of the event at a position. */
export function at(position: number): OrderKey {
  const logTime = new Date(Date.UTC(2026, 2, 1) + position * 1000).toISOString().replace('Z', '000Z');
  return { logTime, source: 'shop', position, translation: 'orders', index: 0 };
}

/** A settled item. */
export function settled(key: string, revision: number, document: Document = { key }): Item {
  return { key, revision, document, state: { kind: 'settled', at: at(revision) } };
}

/** A tombstone. */
export function tombstone(key: string, revision: number, position = revision): Item {
  return { key, revision, state: { kind: 'removed', at: at(position) } };
}

/** A write of an item under a condition, in the example index when a place is given. */
export function write(
  item: Item,
  expected?: number,
  place?: { readonly group: string; readonly sort?: string | number },
): ItemWrite {
  const entry = place && { index: byGroup, partition: place.group, sort: encodeSort(place.sort) };
  return { item, expected, indexEntries: entry ? [entry] : [] };
}

/** Every item of a page after page question. */
export async function allPages(
  ask: (after: string | undefined) => Promise<{ readonly items: readonly Item[]; readonly next?: string }>,
): Promise<Item[]> {
  const items: Item[] = [];
  let after: string | undefined;
  do {
    const page = await ask(after);
    items.push(...page.items);
    // A store in memory would go round for ever, and no time limit of a test would end it.
    if (items.length > 20_000)
      throw new Error(`the pages do not end: ${String(items.at(-1)?.key)} came again`);
    after = page.next;
  } while (after !== undefined);
  return items;
}

/** Every key of a partition, read in small pages. */
export async function keysOf(
  store: ViewStore,
  id: GenerationId,
  partition: string,
  how: {
    readonly order?: 'ascending' | 'descending';
    readonly sortFrom?: string;
    readonly sortTo?: string;
  } = {},
): Promise<string[]> {
  const items = await allPages((after) =>
    store.query(id, { index: byGroup, partition, limit: 2, ...how, ...(after !== undefined && { after }) }),
  );
  return items.map(({ key }) => key);
}
