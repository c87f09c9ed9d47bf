import { PutItemCommand, QueryCommand, ScanCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from '@jest/globals';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { seeded } from '../../kit/seeded.ts';
import { encodeSort } from '../index-key.ts';
import { byIndex, expectKeys } from '../testing/by-index.ts';
import {
  allPages,
  byGroup,
  exampleGeneration,
  keysOf,
  newGeneration,
  settled,
  write,
} from '../testing/examples.ts';
import { parked } from '../testing/unsettled-items.ts';
import type { ItemWrite, ViewStore } from '../view-store.ts';
import type { CallCost } from './dynamo.ts';
import { dynamodbViews, mostItemBytes, type DynamodbViewsOptions } from './dynamodb-views.ts';
import { rowOf } from './rows.ts';
import { testClient } from './testing/test-client.ts';

const dynamodb = await emulator('dynamodb');

async function prepared(given: Partial<DynamodbViewsOptions> = {}): Promise<ViewStore> {
  const store = dynamodbViews({ client: testClient(dynamodb), prefix: uniqueName(), ...given });
  await store.prepare();
  return store;
}

/** Text of so many bytes that DynamoDB has to keep as it is. */
function longText(bytes: number, ending: string): string {
  return 'x'.repeat(bytes - ending.length) + ending;
}

describeWith([dynamodb], 'what is special to DynamoDB', () => {
  test('the largest item, with all indexes that there may be, is written; one index more is refused', async () => {
    const store = await prepared();
    const indexes = Array.from({ length: 19 }, (_, n) => ({ name: `i${n}` }));
    const id = await newGeneration(store, { indexes });
    const document = { text: '' };
    document.text = 'x'.repeat(mostItemBytes - JSON.stringify(document).length);
    const item = settled(longText(1000, 'k'), 1, document);
    const indexEntries = indexes.map(({ name }) => ({
      index: name,
      partition: longText(1000, 'p'),
      sort: encodeSort(longText(499, 's')),
    }));
    const largest: ItemWrite = { item, expected: undefined, indexEntries };
    expect(await store.writeMany(id, [largest])).toMatchObject({ conflicts: [] });
    // Parked, it is in the index of what wants attention too.
    const state = { ...parked(item.key, 1, document).state };
    const troubled = { ...largest, item: { ...item, revision: 2, state }, expected: 1 };
    expect(await store.writeMany(id, [troubled])).toMatchObject({ conflicts: [] });
    expect((await store.readMany(id, [item.key])).get(item.key)?.document).toEqual(document);
    const more = newGeneration(store, { indexes: [...indexes, { name: 'one more' }] });
    await expect(more).rejects.toMatchObject({ code: 'VIEW_STORE_REFUSED' });
  });

  test('keys whose order is beyond what a sort key holds are paged through, each once', async () => {
    const store = await prepared({ shards: 2 });
    const id = await newGeneration(store);
    const keys = Array.from({ length: 9 }, (_, n) => longText(990, `-${n}`));
    const sort = longText(499, 's');
    await store.writeMany(
      id,
      keys.map((key) => write(settled(key, 1), undefined, { group: 'g', sort })),
    );
    for (const order of ['ascending', 'descending'] as const)
      await byIndex(store, async () =>
        expect((await keysOf(store, id, 'g', { order })).sort()).toEqual(keys),
      );
    expect((await store.scan(id, { limit: 20 })).items.map(({ key }) => key)).toEqual(keys);
  });

  test('a cursor and bounds of different questions give what lies behind the one and within the others', async () => {
    const store = await prepared();
    const id = await newGeneration(store);
    await store.writeMany(
      id,
      [1, 2, 3, 4, 5].map((n) => write(settled(`k${n}`, 1), undefined, { group: 'g', sort: n })),
    );
    await expectKeys(store, id, 'g', ['k1', 'k2', 'k3', 'k4', 'k5']);
    const ask = async (given: object): Promise<string[]> =>
      (await store.query(id, { index: byGroup, partition: 'g', limit: 9, ...given })).items.map(
        (one) => one.key,
      );
    const after = (await store.query(id, { index: byGroup, partition: 'g', limit: 3 })).next ?? '';
    const [one, two, four, five] = [1, 2, 4, 5].map(encodeSort);
    expect(await ask({ after })).toEqual(['k4', 'k5']);
    expect(await ask({ after, sortTo: two })).toEqual([]);
    expect(await ask({ after, sortFrom: five })).toEqual(['k5']);
    expect(await ask({ after, sortFrom: one, sortTo: four })).toEqual(['k4']);
    expect(await ask({ after, order: 'descending', sortFrom: four })).toEqual([]);
    expect(await ask({ after, order: 'descending', sortTo: two })).toEqual(['k2', 'k1']);
    // Bounds and partitions of any length are questions, too.
    expect(await ask({ sortFrom: 'x'.repeat(3000) })).toEqual([]);
    expect(await ask({ sortTo: 'x'.repeat(3000) })).toHaveLength(5);
    expect(await ask({ partition: 'x'.repeat(3000) })).toEqual([]);
    expect((await store.readMany(id, ['', 'x'.repeat(3000), 'k1'])).size).toBe(1);
  });

  test('all shards make one order', async () => {
    const store = await prepared();
    const id = await newGeneration(store);
    const keys = Array.from({ length: 300 }, (_, n) => `${(n * 7919) % 300}`);
    await store.writeMany(
      id,
      keys.map((key) => write(settled(key, 1))),
    );
    const all = await allPages((after) =>
      store.scan(id, { limit: 70, ...(after !== undefined && { after }) }),
    );
    expect(all.map(({ key }) => key)).toEqual([...keys].sort());
    expect(await store.count(id)).toBe(300);
  });

  test('what is tracked may be larger than an item, and leaves nothing behind', async () => {
    const [client, prefix] = [testClient(dynamodb), uniqueName()];
    const store = await prepared({ client, prefix });
    const id = await newGeneration(store);
    const partsOf = (): Promise<number> => partsIn(client, prefix);
    const random = seeded(3);
    const healed = Array.from({ length: 100_000 }, () => ({
      position: Math.floor(random() * 1e12),
      index: Math.floor(random() * 100),
    }));
    const { revision, ...tracking } = await store.tracking(id);
    const large = { ...tracking, healed: { l: healed } };
    expect(await store.changeTracking(id, revision, large)).toBe(true);
    expect(await store.changeTracking(id, revision + 1, large)).toBe(true);
    expect(await store.changeTracking(id, revision + 1, large)).toBe(false);
    expect(await store.tracking(id)).toEqual({ ...large, revision: 2 });
    const parts = await partsOf();
    expect(parts).toBeGreaterThan(1);
    expect(await store.changeTracking(id, 2, tracking)).toBe(true);
    expect(await partsOf()).toBe(0);
    expect(await store.tracking(id)).toEqual({ ...tracking, revision: 3 });
  });

  test('a generation that was dropped and made again is found by who knew the first', async () => {
    const [client, prefix] = [testClient(dynamodb), uniqueName()];
    const store = dynamodbViews({ client, prefix });
    const other = dynamodbViews({ client, prefix });
    await store.prepare();
    const id = await newGeneration(store);
    await other.writeMany(id, [write(settled('a', 1))]);
    await store.dropGeneration(id);
    await store.createGeneration(id);
    expect((await other.readMany(id, ['a'])).size).toBe(0);
    expect(await other.writeMany(id, [write(settled('b', 1))])).toMatchObject({ conflicts: [] });
    expect(await store.count(id)).toBe(1);
  });

  test('each call tells its cost', async () => {
    const costs: CallCost[] = [];
    const store = await prepared({ onCost: (cost) => costs.push(cost) });
    const id = await newGeneration(store);
    costs.length = 0;
    await store.writeMany(id, [write(settled('a', 1))], [{ log: 'l', places: [], healed: false }]);
    await store.readMany(id, ['a']);
    expect(costs.filter(({ operation }) => operation !== 'GetItem')).toEqual([
      { operation: 'PutItem', readUnits: 0, writeUnits: 1 },
      { operation: 'BatchWriteItem', readUnits: 0, writeUnits: 1 },
      { operation: 'BatchGetItem', readUnits: 1, writeUnits: 0 },
    ]);
  });

  test('items in trouble are counted by their keys, whatever their documents are', async () => {
    const costs: CallCost[] = [];
    const store = await prepared({ onCost: (cost) => costs.push(cost) });
    const id = await newGeneration(store);
    const document = { text: 'x'.repeat(100_000) };
    const writes = Array.from({ length: 40 }, (_, n) => write(parked(`k${n}`, 1, document)));
    await store.writeMany(id, writes);
    costs.length = 0;
    expect(await store.countTroubled(id, 'parked', 1000)).toBe(40);
    // Half a unit for each of the partitions; a document has twelve.
    expect(costs.reduce((sum, { readUnits }) => sum + readUnits, 0)).toBeLessThan(12);
    // Each partition of the index takes a thousand writes a second.
    const { items } = await store.troubled(id, 'parked', { limit: 9 });
    const partitions = items.map(
      ({ key, ...item }) => rowOf(exampleGeneration(), 32, write({ key, ...item }), 'w')['a']?.S,
    );
    expect(new Set(partitions).size).toBeGreaterThan(2);
  });

  test.each([
    [1, 'VIEW_STORE_TOO_OLD'],
    [99, 'VIEW_STORE_TOO_NEW'],
  ])('a store of layout %i is refused', async (version, code) => {
    const [client, prefix] = [testClient(dynamodb), uniqueName()];
    const store = await prepared({ client, prefix });
    const Item = { p: { S: 'layout' }, k: { S: 'layout' }, v: { N: String(version) } };
    await client.send(new PutItemCommand({ TableName: `${prefix}-views`, Item }));
    await expect(store.prepare()).rejects.toMatchObject({ code, details: { found: version } });
  });

  test('options that make no store are refused', () => {
    const client = testClient(dynamodb);
    for (const given of [
      { prefix: 'a b' },
      { shards: 0 },
      { itemBytes: mostItemBytes + 1 },
      { concurrency: 0 },
    ]) {
      expect(() => dynamodbViews({ client, ...given })).toThrow(
        expect.objectContaining({ code: 'VIEW_STORE_OPTIONS_INVALID' }),
      );
    }
  });
});

/** How many parts of what is tracked lie in the only generation's table. */
async function partsIn(client: DynamoDBClient, prefix: string): Promise<number> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: `${prefix}-views` }));
  const table = Items.flatMap((row) => row['t']?.S ?? [])[0];
  const { Count } = await client.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: 'p = :p',
      ExpressionAttributeValues: { ':p': { S: 'tracking.parts' } },
    }),
  );
  return Count ?? 0;
}
