import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { postgres, type KeyedRow, type SourceSnapshot } from 'banyan/cdc';
import pg from 'pg';
import { testDatabase } from '../../kit/test-database.ts';

let url: string;
let client: pg.Client;

beforeAll(async () => {
  url = await testDatabase('query_snapshot');
  client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `CREATE TABLE t (id int8 PRIMARY KEY, amount numeric(8,2), at timestamptz, doc jsonb, tags text[])`,
  );
  await client.query(
    `INSERT INTO t VALUES (1, 1.50, '2026-01-02 03:04:05.6+00', '{"a": 12345678901234567890}', '{x,NULL}')`,
  );
});
afterAll(() => client.end());

const open = async (): Promise<SourceSnapshot> =>
  (await postgres({ connectionString: url, tables: ['t'] })
    .create('q')
    .snapshot?.(new AbortController().signal)) as SourceSnapshot;

async function rows(sql: string, keys?: readonly string[]): Promise<KeyedRow[]> {
  const opened = await open();
  const all: KeyedRow[] = [];
  try {
    for await (const portion of opened.rows({ sql, ...(keys && { keys }) })) all.push(...portion);
  } finally {
    await opened.close();
  }
  return all;
}

test('values have the one form that capture gives them', async () => {
  expect(await rows('SELECT id::text AS key, t.*, count(*) OVER () AS n FROM t -- all of it')).toEqual([
    {
      key: '1',
      row: {
        id: '1',
        amount: '1.50',
        at: '2026-01-02T03:04:05.600000Z',
        doc: { a: '12345678901234567890' },
        tags: ['x', null],
        n: '1',
      },
    },
  ]);
});

test('what commits later is not seen; its place is behind what committed before; nothing stays behind', async () => {
  const lsn = async () =>
    (await client.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn')).rows[0]?.lsn;
  const before = await lsn();
  const opened = await open();
  await client.query(`INSERT INTO t (id) VALUES (2)`);
  const keys: string[] = [];
  for await (const portion of opened.rows({ sql: 'SELECT id::text AS key FROM t; ' }))
    keys.push(...portion.map(({ key }) => key));
  expect(keys).toEqual(['1']);
  const { rows: between } = await client.query('SELECT $1::pg_lsn >= $2 AND $1::pg_lsn < $3 AS yes', [
    opened.cursor.lsn,
    before,
    await lsn(),
  ]);
  expect(between).toEqual([{ yes: true }]);
  await opened.close();
  await client.query('DELETE FROM t WHERE id = 2');
  expect(
    (await client.query(`SELECT FROM pg_replication_slots WHERE slot_name LIKE 'banyan_verify%'`)).rowCount,
  ).toBe(0);
});

test('keys come in code unit order, in portions, whatever they are', async () => {
  const characters = ['a', 'B', 'b', 'ä', 'Z', 'ß', "'", '\\', '\u{D7FF}', '\uE000', '\uFFFD', '😀', '🜁'];
  const keys = characters.flatMap((one) => [one, ...characters.map((other) => one + other)]);
  await client.query('CREATE TABLE odd (name text)');
  await client.query('INSERT INTO odd SELECT unnest($1::text[])', [keys]);
  await client.query(`INSERT INTO odd SELECT 'many ' || n FROM generate_series(1, 1200) n`);
  const found = (await rows('SELECT name AS key FROM odd')).map(({ key }) => key);
  expect(found).toEqual([...found].sort());
  expect(found).toHaveLength(keys.length + 1200);
  const wanted = ["'", '\\', '😀a', 'nobody', 'no\0body', 'half \uD83D'];
  expect((await rows('SELECT name AS key FROM odd', wanted)).map(({ key }) => key)).toEqual([
    "'",
    '\\',
    '😀a',
  ]);
});

describe('a query can change nothing', () => {
  test.each([
    ['an insert', `WITH w AS (INSERT INTO t (id) VALUES (9) RETURNING id) SELECT id::text AS key FROM w`],
    ['two statements', `SELECT '1' AS key) AS q; DELETE FROM t; SELECT * FROM (SELECT '1' AS key`],
    ['the end of the transaction', `SELECT '1' AS key) AS q; COMMIT; SELECT * FROM (SELECT '1' AS key`],
    ['a sequence', `SELECT nextval('s')::text AS key`],
    ['a writable transaction', `SELECT set_config('transaction_read_only', 'off', false) AS key`],
    ['no key', `SELECT 1 AS id`],
    ['a key that is NULL', `SELECT NULL AS key`],
    ['no SQL', `SELEKT`],
  ])('%s', async (_what, sql) => {
    await client.query('CREATE SEQUENCE IF NOT EXISTS s');
    await expect(rows(sql)).rejects.toMatchObject({ code: 'SOURCE_QUERY_INVALID' });
    expect((await client.query('SELECT id FROM t')).rows).toEqual([{ id: '1' }]);
  });
});

test('a table that was rewritten since is told, and not taken for an empty one', async () => {
  await client.query('CREATE TABLE rewritten AS SELECT n FROM generate_series(1, 3) n');
  const opened = await open();
  await client.query('TRUNCATE rewritten');
  const read = async () => {
    for await (const portion of opened.rows({ sql: 'SELECT n::text AS key FROM rewritten' }))
      expect(portion).toEqual([]);
  };
  await expect(read()).rejects.toMatchObject({ code: 'SOURCE_LOCKED', retryable: true });
  await opened.close();
});

test('an open transaction of the application is waited for until the signal', async () => {
  await client.query('BEGIN; INSERT INTO t (id) VALUES (7)');
  const opening = postgres({ connectionString: url, tables: ['t'] })
    .create('q')
    .snapshot?.(AbortSignal.timeout(300));
  await expect(opening).rejects.toThrow(/timeout/);
  await client.query('ROLLBACK');
});

test('a role that may not read or replicate is told what to grant', async () => {
  const role = `reader_${url.slice(-8)}`;
  await client.query(`CREATE ROLE ${role} LOGIN REPLICATION`);
  const at = new URL(url);
  at.username = role;
  const source = postgres({ connectionString: at.href, tables: ['t'] }).create('q');
  const opened = await source.snapshot?.(new AbortController().signal);
  const read = opened?.rows({ sql: 'SELECT id::text AS key FROM public.t' })[Symbol.asyncIterator]();
  await expect(read?.next()).rejects.toMatchObject({ code: 'SOURCE_NO_PERMISSION' });
  await opened?.close();
  await client.query(`ALTER ROLE ${role} NOREPLICATION`);
  await expect(source.snapshot?.(new AbortController().signal)).rejects.toMatchObject({
    code: 'SOURCE_NO_REPLICATION',
  });
  await client.query(`DROP ROLE ${role}`);
});
