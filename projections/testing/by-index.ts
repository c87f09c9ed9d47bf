import { expect } from '@jest/globals';
import { eventually } from '../../kit/eventually.ts';
import type { GenerationId, Trouble, ViewStore } from '../view-store.ts';
import { allPages, keysOf } from './examples.ts';

/*
 * What is read by an index is checked at once; where indexes follow their items later, until it is as expected. A wrong
 * answer that stays is found either way. One that a late index hides at first is not: who expects that something does
 * not come writes, behind it, something that has to come.
 */

/** Milliseconds for which indexes may be late. */
const lateMs = 5000;

/** Checks what is read by an index. */
export async function byIndex(store: ViewStore, check: () => Promise<void>): Promise<void> {
  await (store.hasEventualIndexes ? eventually(check, lateMs) : check());
}

/** The keys of a partition, in order. */
export function expectKeys(
  store: ViewStore,
  id: GenerationId,
  partition: string,
  keys: readonly string[],
  how: Parameters<typeof keysOf>[3] = {},
): Promise<void> {
  return byIndex(store, async () => expect(await keysOf(store, id, partition, how)).toEqual(keys));
}

/** The keys of the items in a trouble, in order, read in small pages; and how many there are. */
export function expectTroubled(
  store: ViewStore,
  id: GenerationId,
  trouble: Trouble,
  keys: readonly string[],
): Promise<void> {
  return byIndex(store, async () => {
    const items = await allPages((after) =>
      store.troubled(id, trouble, { limit: 2, ...(after !== undefined && { after }) }),
    );
    expect(items.map(({ key }) => key)).toEqual(keys);
    expect(await store.countTroubled(id, trouble)).toBe(keys.length);
  });
}

/** So many are removed by a purge; where tombstones are found late, by all purges until then. */
export async function expectPurged(
  store: ViewStore,
  id: GenerationId,
  before: string,
  count: number,
): Promise<void> {
  let removed = 0;
  await byIndex(store, async () => {
    removed += await store.purgeRemoved(id, before);
    expect(removed).toBe(count);
  });
}
