import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { testDatabase } from '../../kit/test-database.ts';
import { at, byGroup, keysOf, newGeneration, settled, tombstone, write } from '../testing/examples.ts';
import { troubledItem } from '../testing/unsettled-items.ts';
import { emptyTracking } from '../tracker/ledger.ts';
import type { Generation } from '../view-store.ts';
import { postgresViews } from './postgres-views.ts';

/** What the second layout was, with a generation of a projection of an unusual name and a document and a tombstone in it. */
const second = `
  CREATE SCHEMA banyan;
  CREATE TABLE banyan.layout (version integer NOT NULL);
  INSERT INTO banyan.layout VALUES (2);
  CREATE TABLE banyan.generations (projection text NOT NULL, number integer NOT NULL, state jsonb NOT NULL,
    floor jsonb NOT NULL, logs jsonb NOT NULL, indexes jsonb NOT NULL, bundle text NOT NULL, created_at text NOT NULL,
    PRIMARY KEY (projection, number));
  CREATE TABLE banyan.progress (projection text NOT NULL, number integer NOT NULL, progress jsonb NOT NULL,
    PRIMARY KEY (projection, number));
  CREATE TABLE banyan.pointers (name text PRIMARY KEY, epoch bigint NOT NULL, live jsonb NOT NULL, past jsonb);
  CREATE FUNCTION banyan.refuse(why text, keys text) RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'BANYN', MESSAGE = why, DETAIL = keys; END $$;
  INSERT INTO banyan.generations VALUES ('orders', 1, '{"kind":"live"}', '{}', '[]', '[{"name":"byGroup"}]', 'b1', 'then'),
    ('a b', 2, '{"kind":"building"}', '{"l":{"position":4}}', '[]', '[]', 'b2', 'then');
  INSERT INTO banyan.progress VALUES ('orders', 1, '{"shop:orders@1":{"position":12}}'), ('a b', 2, '{"l":{"position":4}}');
  CREATE TABLE banyan."orders.g1" (key text COLLATE "C" PRIMARY KEY, revision bigint NOT NULL, document jsonb,
    state json NOT NULL, removed_at text, "byGroup:partition" text COLLATE "C", "byGroup:sort" text COLLATE "C")
    WITH (fillfactor = 90);
  CREATE INDEX ON banyan."orders.g1" (removed_at) WHERE removed_at IS NOT NULL;
  CREATE INDEX ON banyan."orders.g1" ("byGroup:partition", "byGroup:sort", key) WHERE "byGroup:partition" IS NOT NULL;
  INSERT INTO banyan."orders.g1" VALUES
    ('a', 3, '{"n":1}', '["s","${at(3).logTime}","shop",3,"orders",0]', NULL, 'g', ''),
    ('b', 4, NULL, '["r","${at(4).logTime}","shop",4,"orders",0]', '${at(4).logTime}', NULL, NULL);
  CREATE TABLE banyan."a_b~c8687a08aa5d.g2" (key text COLLATE "C" PRIMARY KEY, revision bigint NOT NULL,
    document jsonb, state json NOT NULL, removed_at text);
  CREATE INDEX ON banyan."a_b~c8687a08aa5d.g2" (removed_at) WHERE removed_at IS NOT NULL;`;

const orders: Generation = {
  projection: 'orders',
  number: 1,
  state: { kind: 'live' },
  bundle: 'b1',
  logs: [],
  floor: {},
  indexes: [{ name: byGroup }],
  createdAt: 'then',
};

/** Runs SQL by the side of the store. */
async function sql(connectionString: string, text: string): Promise<pg.QueryResult<Record<string, unknown>>> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await client.query<Record<string, unknown>>(text);
  } finally {
    await client.end();
  }
}

describe('a schema of the second layout', () => {
  test('goes on where it was, and takes what is new, after many prepare it at once', async () => {
    const connectionString = await testDatabase('second_layout');
    await sql(connectionString, second);
    const stores = Array.from({ length: 4 }, () => postgresViews({ connectionString, maxConnections: 2 }));
    await Promise.all(stores.map((each) => each.prepare()));
    const [store, ...others] = stores;
    if (!store) throw new Error('there are four');
    expect((await sql(connectionString, 'SELECT version FROM banyan.layout')).rows).toEqual([{ version: 3 }]);

    expect(await store.generations('orders')).toEqual([orders]);
    const floor = { 'shop:orders@1': { position: 12 } };
    expect(await store.tracking(orders)).toEqual(emptyTracking(floor));
    const items = await store.readMany(orders, ['a', 'b']);
    expect(items.get('a')).toEqual({ ...settled('a', 3, { n: 1 }) });
    expect(items.get('b')).toEqual(tombstone('b', 4));
    expect(await keysOf(store, orders, 'g')).toEqual(['a']);

    expect(await store.writeMany(orders, [write(troubledItem('a', 5, 'parked'), 3, { group: 'g' })])).toEqual(
      {
        conflicts: [],
      },
    );
    expect((await store.troubled(orders, 'parked', { limit: 1 })).items).toHaveLength(1);
    const { revision, ...tracking } = await store.tracking(orders);
    expect(await store.changeTracking(orders, revision, tracking)).toBe(true);
    const late = { ...write(settled('c', 1)), madeOf: { 'shop:orders@1': { position: 12, index: 0 } } };
    const next = { 'shop:orders@1': { position: 13 } };
    expect(await store.commit(orders, { writes: [late], expected: floor, next })).toEqual({
      conflicts: ['c'],
    });
    expect(await store.commit(orders, { writes: [], expected: floor, next })).toEqual({ conflicts: [] });
    for (const generation of [orders, { projection: 'a b', number: 2 }]) {
      await store.addReceipts(generation, [{ log: 'l', healed: false, places: [{ position: 5, index: 0 }] }]);
      expect(await store.receipts(generation, { limit: 2 })).toHaveLength(1);
      expect((await store.troubled(generation, 'doubt', { limit: 1 })).items).toEqual([]);
      await store.dropGeneration(generation);
    }
    await Promise.all([store, ...others].map((each) => each.close()));
  });

  test('becomes what a new one is', async () => {
    const [old, fresh] = [await testDatabase('old_layout'), await testDatabase('new_layout')];
    await sql(old, second);
    const columns: unknown[][] = [];
    for (const connectionString of [old, fresh]) {
      const store = postgresViews({ connectionString });
      await store.prepare();
      if (connectionString === fresh) {
        await newGeneration(store, orders);
        await newGeneration(store, { projection: 'a b', number: 2, indexes: [] });
      }
      await store.close();
      const found = await sql(
        connectionString,
        `SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name, identity_generation
         FROM information_schema.columns WHERE table_schema = 'banyan' ORDER BY 1, 2`,
      );
      // Of indexes the definition: the server numbers the names as they are made.
      const indexes = await sql(
        connectionString,
        `SELECT tablename, regexp_replace(indexdef, '.* USING ', '') AS text FROM pg_indexes
         WHERE schemaname = 'banyan' ORDER BY 1, 2`,
      );
      columns.push([...found.rows, ...indexes.rows]);
    }
    expect(columns[0]).toEqual(columns[1]);
  });
});
