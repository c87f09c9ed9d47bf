import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { dropPostgresSource, postgres } from 'banyan/cdc';
import { eventually } from '../../kit/eventually.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { connect } from './connection.ts';
import { selectTables } from './select-tables.ts';
import { enterSnapshot, snapshotSettings } from './snapshot.ts';
import { readTables } from './table-catalog.ts';

let url: string;
let client: pg.Client;

beforeAll(async () => {
  url = await testDatabase('snapshot');
  client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE TABLE a (id int4 PRIMARY KEY); INSERT INTO a VALUES (1);
    CREATE TABLE p (id int4 PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)`);
});
afterAll(() => client.end());

test.each([
  ['nothing', 'SELECT 1', true],
  ['an insert', 'INSERT INTO a VALUES (2)', true],
  ['a truncate', 'TRUNCATE a', false],
  ['a rewrite', 'ALTER TABLE a ALTER id TYPE int8', false],
  ['a truncate of a partition', 'TRUNCATE p1', false],
])('a snapshot is entered only if no table was rewritten since: %s', async (_what, sql, enters) => {
  const exporter = await connect(
    { connectionString: url, connectTimeoutMs: 5000 },
    { application: 'exporter' },
  );
  const session = await connect(
    { connectionString: url, connectTimeoutMs: 5000 },
    { application: 'reader', settings: snapshotSettings },
  );
  await exporter.client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  const { rows } = await exporter.client.query<{ name: string }>('SELECT pg_export_snapshot() AS name');
  await client.query(sql);
  const tables = selectTables(await readTables(client), { tables: ['public.*'], exclude: [] });
  const cursor = { system: '1', timeline: 1, lsn: '0/1' };
  const snapshot = await enterSnapshot(session, rows[0]?.name ?? '', cursor, tables);
  expect(snapshot !== undefined).toBe(enters);
  await session.close();
  await exporter.close();
});

test('making a slot can be aborted while it waits for a transaction of the application, and leaves nothing', async () => {
  const name = `abort_${url.slice(-8)}`;
  const options = { connectionString: url, tables: ['a'] };
  const application = new pg.Client({ connectionString: url });
  await application.connect();
  await application.query('BEGIN; INSERT INTO a VALUES (99)');
  const aborting = new AbortController();
  const opening = postgres(options).create(name).open({ after: undefined, signal: aborting.signal });
  const slots = async () =>
    (await client.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [`banyan_${name}`]))
      .rowCount;
  await eventually(async () => {
    expect(await slots()).toBe(1);
  });
  aborting.abort(new Error('enough'));
  await expect(opening).rejects.toThrow('enough');
  await eventually(async () => {
    expect(await slots()).toBe(0);
  });
  await application.query('ROLLBACK');
  await application.end();
  await dropPostgresSource(name, options);
});

test('while rows are read, the application writes, and its own statements on other rows wait for nothing', async () => {
  const name = `beside_${url.slice(-8)}`;
  const options = { connectionString: url, tables: ['a'] };
  const stream = await postgres(options)
    .create(name)
    .open({ after: undefined, signal: new AbortController().signal });
  const impatient = new pg.Client({ connectionString: url });
  await impatient.connect();
  await impatient.query(`SET lock_timeout = '100ms'`);
  // Open, but not read on: the snapshot is held.
  await impatient.query(
    `INSERT INTO a VALUES (1000); UPDATE a SET id = 1001 WHERE id = 1000; DELETE FROM a WHERE id = 1001`,
  );
  await impatient.query('CREATE INDEX ON a (id); ANALYZE a');
  await impatient.end();
  await stream.close();
  await dropPostgresSource(name, options);
});
