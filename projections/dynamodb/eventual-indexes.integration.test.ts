import { expect, test } from '@jest/globals';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { seeded } from '../../kit/seeded.ts';
import { expectKeys, expectPurged } from '../testing/by-index.ts';
import { allPages, keysOf, newGeneration, settled, tombstone, write } from '../testing/examples.ts';
import { troubledItem } from '../testing/unsettled-items.ts';
import { indexReadsContract } from '../view-store.contract.ts';
import type { ViewStore } from '../view-store.ts';
import { dynamodbViews } from './dynamodb-views.ts';
import { lagIndexes } from './testing/lagging-indexes.ts';
import { testClient } from './testing/test-client.ts';

const dynamodb = await emulator('dynamodb');

/** Two stores on the same tables, whose indexes are late. */
function lateStores(lagMs: () => number): readonly [ViewStore, ViewStore] {
  const client = testClient(dynamodb);
  lagIndexes(client, lagMs);
  const prefix = uniqueName();
  return [dynamodbViews({ client, prefix, shards: 3 }), dynamodbViews({ client, prefix, shards: 3 })];
}

describeWith([dynamodb], 'DynamoDB Local, its indexes late', () => {
  const random = seeded(11);
  indexReadsContract('DynamoDB with late indexes', async () => lateStores(() => random() * 150));
});

describeWith([dynamodb], 'an index that is late', () => {
  /** Milliseconds that no test takes. */
  const never = 3_600_000;
  let lag = 0;

  async function opened(): Promise<ViewStore> {
    lag = 0;
    const [store] = lateStores(() => lag);
    await store.prepare();
    return store;
  }

  test('does not show what was written, which is read by its key', async () => {
    const store = await opened();
    const id = await newGeneration(store);
    lag = never;
    await store.writeMany(id, [
      write(settled('a', 1), undefined, { group: 'g' }),
      write(troubledItem('b', 1, 'doubt')),
    ]);
    expect([...(await store.readMany(id, ['a', 'b'])).keys()].sort()).toEqual(['a', 'b']);
    expect((await store.scan(id, { limit: 9 })).items).toHaveLength(2);
    expect(await keysOf(store, id, 'g')).toEqual([]);
    expect(await store.troubled(id, 'doubt', { limit: 9 })).toEqual({ items: [] });
  });

  test('does not show what has moved or gone since, and gives what stayed its full pages', async () => {
    const store = await opened();
    const id = await newGeneration(store);
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    await store.writeMany(
      id,
      keys.map((key) => write(settled(key, 1), undefined, { group: 'g' })),
    );
    await expectKeys(store, id, 'g', keys);
    lag = never;
    await store.writeMany(id, [
      write(settled('a', 2), 1, { group: 'h' }),
      write(tombstone('b', 2), 1),
      write(settled('d', 2), 1),
      write(settled('e', 2, { n: 2 }), 1, { group: 'g' }),
    ]);
    expect(await keysOf(store, id, 'g')).toEqual(['c', 'e', 'f']);
    expect(await keysOf(store, id, 'g', { order: 'descending' })).toEqual(['f', 'e', 'c']);
    expect(await keysOf(store, id, 'h')).toEqual([]);
    const { items } = await store.query(id, { index: 'byGroup', partition: 'g', limit: 2 });
    expect(items.map(({ key, revision }) => `${key}${String(revision)}`)).toEqual(['c1', 'e2']);
  });

  test('shows an item that moves once, whether it shows one of its places or both', async () => {
    const lags = [0];
    // In turn: until the new place is shown, and from then on until the old one is not any more.
    const [store] = lateStores(() => lags.shift() ?? 0);
    await store.prepare();
    const id = await newGeneration(store);
    const place = (sort: number): { group: string; sort: number } => ({ group: 'g', sort });
    await store.writeMany(id, [
      write(settled('a', 1), undefined, place(1)),
      write(settled('b', 1), undefined, place(2)),
      write(settled('c', 1), undefined, place(3)),
    ]);
    lags.push(0, never);
    await store.writeMany(id, [write(settled('a', 2), 1, place(4))]);
    lags.push(0, never);
    await store.writeMany(id, [write(settled('c', 2), 1, place(0))]);
    for (const limit of [1, 2, 3, 9]) {
      const ask = { index: 'byGroup', partition: 'g', limit } as const;
      for (const order of ['ascending', 'descending'] as const) {
        const all = await allPages((after) =>
          store.query(id, { ...ask, order, ...(after !== undefined && { after }) }),
        );
        const keys = all.map(({ key }) => key);
        expect(order === 'ascending' ? keys : keys.reverse()).toEqual(['c', 'b', 'a']);
      }
    }
  });

  test('lets no purge remove what is a document again', async () => {
    const store = await opened();
    const id = await newGeneration(store);
    await store.writeMany(id, [write(tombstone('a', 1)), write(tombstone('b', 1))]);
    lag = never;
    await store.writeMany(id, [write(settled('a', 2), 1)]);
    await expectPurged(store, id, '2030', 1);
    expect([...(await store.readMany(id, ['a', 'b'])).keys()]).toEqual(['a']);
    // Shown still, and gone.
    expect(await store.purgeRemoved(id, '2030')).toBe(0);
  });
});
