import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isBanyanError } from 'banyan/runtime';
import pg from 'pg';
import { freePort } from '../../kit/postgres-server.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { at, byGroup, newGeneration, settled, write } from '../testing/examples.ts';
import { troubledItem } from '../testing/unsettled-items.ts';
import type { AtomicViewStore } from '../view-store.ts';
import { postgresViews } from './postgres-views.ts';

/** Runs SQL by the side of the store. */
async function sql(connectionString: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

/** The error of a promise that must fail. */
async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as Error,
  );
}

describe('the schema', () => {
  test('of somebody else is left alone', async () => {
    const connectionString = await testDatabase('clash');
    await sql(connectionString, 'CREATE SCHEMA banyan; CREATE TABLE banyan.trees (id int)');
    const store = postgresViews({ connectionString });
    await expect(store.prepare()).rejects.toMatchObject({
      code: 'VIEW_STORE_CLASH',
      message: expect.stringContaining('trees'),
    });
    const { rows } = await sql(
      connectionString,
      "SELECT table_name FROM information_schema.tables WHERE table_schema = 'banyan'",
    );
    expect(rows).toEqual([{ table_name: 'trees' }]);
    await store.close();
    const elsewhere = postgresViews({ connectionString, schema: 'banyan "views"' });
    await elsewhere.prepare();
    expect(await elsewhere.pointer('g')).toBeUndefined();
    await elsewhere.close();
  });

  test('of a newer Banyan is not touched', async () => {
    const connectionString = await testDatabase('newer');
    const store = postgresViews({ connectionString });
    await store.prepare();
    await sql(connectionString, 'UPDATE banyan.layout SET version = 99');
    await expect(store.prepare()).rejects.toMatchObject({ code: 'VIEW_STORE_TOO_NEW' });
    await store.close();
  });

  test('is made once by many who start at once', async () => {
    const connectionString = await testDatabase('at_once');
    const stores = Array.from({ length: 6 }, () => postgresViews({ connectionString, maxConnections: 2 }));
    await Promise.all(stores.map((store) => store.prepare()));
    expect((await sql(connectionString, 'SELECT version FROM banyan.layout')).rows).toEqual([{ version: 3 }]);
    await Promise.all(stores.map((store) => store.close()));
  });
});

describe('a connection that fails', () => {
  test('is told without the password, and may be tried again', async () => {
    const port = await freePort();
    const store = postgresViews({ connectionString: `postgres://me:s3cret@127.0.0.1:${port}/views` });
    const error = await failureOf(store.pointer('g'));
    expect(error).toMatchObject({ code: 'VIEW_STORE_UNREACHABLE', retryable: true });
    expect(error.message).toContain(`me@127.0.0.1:${port}/views`);
    expect(
      `${error.message}${error.stack ?? ''}${String(error.cause)}${JSON.stringify(error)}`,
    ).not.toContain('s3cret');
    await store.close();
  });

  test('to a database that is not there is refused', async () => {
    const connectionString = (await testDatabase('refused')).replace(/[^/]*$/, 'nowhere');
    const store = postgresViews({
      connectionString: connectionString.replace('postgres@', 'postgres:s3cret@'),
    });
    const error = await failureOf(store.prepare());
    expect(error).toMatchObject({ code: 'VIEW_STORE_REFUSED', retryable: false });
    expect(error.message).not.toContain('s3cret');
    await store.close();
  });

  test('for a text that is no connection string says so without it', () => {
    const thrown = ((): unknown => {
      try {
        return postgresViews({ connectionString: 'postgres://me:s3cret@[bad/views' });
      } catch (error) {
        return error;
      }
    })();
    expect(isBanyanError(thrown, 'VIEW_STORE_URL_INVALID')).toBe(true);
    expect(String(thrown)).not.toContain('s3cret');
  });

  test('that the server ends is replaced', async () => {
    const connectionString = await testDatabase('ended');
    const store = postgresViews({ connectionString, maxConnections: 1 });
    await store.prepare();
    await sql(
      connectionString,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'banyan views' AND datname = current_database()",
    );
    // The first call may still meet the connection that is gone.
    const first = await store.pointer('g').catch((error: unknown) => error);
    if (first !== undefined) expect(first).toMatchObject({ code: 'VIEW_STORE_UNREACHABLE', retryable: true });
    expect(await store.pointer('g')).toBeUndefined();
    await store.close();
  });
});

describe('documents', () => {
  let store: AtomicViewStore;
  let connectionString: string;
  beforeAll(async () => {
    connectionString = await testDatabase('documents');
    store = postgresViews({ connectionString });
    await store.prepare();
  });
  afterAll(() => store.close());

  test.each([
    [{ text: 'a\0b' }, '$.text'],
    [{ lines: [{ sku: '\ud800' }] }, '$.lines[0].sku'],
    [{ deep: { 'na\0me': 1 } }, '$.deep (a name)'],
  ])('that jsonb cannot hold are refused by view and key: %j', async (document, path) => {
    const id = await newGeneration(store);
    const writes = [write(settled('fine', 1)), write(settled('bad', 1, document))];
    const refused = {
      code: 'DOCUMENT_NOT_STORABLE',
      details: { projection: id.projection, generation: 1, key: 'bad', path },
    };
    await expect(store.writeMany(id, writes)).rejects.toMatchObject(refused);
    await expect(store.commit(id, { writes, expected: {}, next: {} })).rejects.toMatchObject(refused);
    expect(await store.count(id)).toBe(0);
  });

  test('that only look like it are stored', async () => {
    const id = await newGeneration(store);
    const document = {
      text: '\\u0000 \\\\ud800 😀',
      n: 1e21,
      small: 5e-324,
      big: 1.7976931348623157e308,
      whole: 9007199254740991,
    };
    await store.writeMany(id, [write(settled('a', 1, document))]);
    expect((await store.readMany(id, ['a'])).get('a')?.document).toEqual(document);
  });

  test('larger than one statement takes go in several', async () => {
    const id = await newGeneration(store);
    const text = 'x'.repeat(700_000);
    const writes = Array.from({ length: 15 }, (_, n) => write(settled(`k${n}`, 1, { text, n })));
    expect(await store.commit(id, { writes, expected: {}, next: { log: { position: 1 } } })).toEqual({
      conflicts: [],
    });
    expect(await store.count(id)).toBe(15);
  });

  test('an update that moves in no index changes none of them', async () => {
    const id = await newGeneration(store);
    const items = Array.from({ length: 5 }, (_, n) => settled(`k${n}`, 1));
    await store.writeMany(
      id,
      items.map((item) => write(item, undefined, { group: 'g', sort: item.key })),
    );
    await store.writeMany(
      id,
      items.map((item) => write({ ...item, revision: 2 }, 1, { group: 'g', sort: item.key })),
    );
    const text = `SELECT n_tup_upd AS updates, n_tup_hot_upd AS hot FROM pg_stat_get_tuples_updated('banyan."${id.projection}.g1"'::regclass) AS n_tup_upd, pg_stat_get_tuples_hot_updated('banyan."${id.projection}.g1"'::regclass) AS n_tup_hot_upd`;
    // The server counts a little later than it commits.
    await store.close();
    const { eventually } = await import('../../kit/eventually.ts');
    await eventually(async () => {
      expect((await sql(connectionString, text)).rows).toEqual([{ updates: '5', hot: '5' }]);
    });
    store = postgresViews({ connectionString });
  });

  test('are found by their index, however small the table', async () => {
    const id = await newGeneration(store);
    await store.writeMany(id, [write(settled('a', 1), undefined, { group: 'g' })]);
    const plan = await sql(
      connectionString,
      `SET enable_seqscan = off; EXPLAIN SELECT key FROM banyan."${id.projection}.g1" WHERE "${byGroup}:partition" = 'g' AND ("${byGroup}:sort", key) > ('', 'a') ORDER BY "${byGroup}:sort", key LIMIT 3`,
    );
    const text = JSON.stringify((plan as unknown as pg.QueryResult[])[1]?.rows);
    expect(text).toContain('Index');
    expect(text).not.toContain('Sort');
  });

  test('in trouble are found by their index among many that are not, which are not in it', async () => {
    const id = await newGeneration(store);
    const many = Array.from({ length: 3000 }, (_, n) => write(settled(`k${n}`, 1)));
    await store.writeMany(id, [...many, write(troubledItem('t', 1, 'parked'))]);
    const table = `banyan."${id.projection}.g1"`;
    const found = await sql(
      connectionString,
      `ANALYZE ${table}; SET enable_seqscan = off;
       EXPLAIN SELECT key FROM ${table} WHERE trouble = 'parked' AND key > 'a' ORDER BY key LIMIT 101;
       SELECT sum(reltuples)::int AS entries FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
       WHERE indrelid = '${table}'::regclass AND pg_get_indexdef(indexrelid) LIKE '%(trouble, key)%'`,
    );
    const [, , plan, entries] = found as unknown as pg.QueryResult[];
    expect(JSON.stringify(plan?.rows)).toContain('g1_trouble_key_idx');
    expect(JSON.stringify(plan?.rows)).not.toContain('Sort');
    expect(entries?.rows).toEqual([{ entries: 1 }]);
  });

  test('and tombstones of before keep their log time for the purge', async () => {
    const id = await newGeneration(store);
    await store.writeMany(id, [
      {
        item: { key: 'a', revision: 1, state: { kind: 'removed', at: at(5) } },
        expected: undefined,
        indexEntries: [],
      },
    ]);
    const { rows } = await sql(connectionString, `SELECT removed_at FROM banyan."${id.projection}.g1"`);
    expect(rows).toEqual([{ removed_at: at(5).logTime }]);
  });
});
