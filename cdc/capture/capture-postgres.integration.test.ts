import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { canonicalJson, nodeFileSystem, silentLogger, type Closeable, type LogReader } from 'banyan/runtime';
import { eventually } from '../../kit/eventually.ts';
import { testDatabase } from '../../kit/test-database.ts';
import type { Change, ChangeLogLine, Row } from '../change.ts';
import { dropPostgresSource, postgres } from '../postgres/postgres.ts';
import type { Capture } from './capture.ts';
import { startCapture } from './start-capture.ts';

/* Capture on a real database and real files; what a source may do besides is in `capture.integration.test.ts`. */

let url: string;
let client: pg.Client;
let directory: string;
let counter = 0;
const started: Closeable[] = [];

beforeAll(async () => {
  url = await testDatabase('capture');
  client = new pg.Client({ connectionString: url });
  await client.connect();
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banyan-capture-'));
});
afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.close();
  await rm(directory, { recursive: true, force: true });
});
afterAll(async () => {
  await client.end();
});

interface Fixture {
  readonly name: string;
  readonly schema: string;
  readonly start: () => Promise<Capture>;
}

/** A source of its own schema for each test; taken away afterwards. */
async function fixture(ddl: string): Promise<Fixture> {
  counter += 1;
  const schema = `s${String(counter)}`;
  await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${ddl}`);
  const name = `capture_${String(counter)}_${url.slice(-8)}`;
  const given = { connectionString: url, tables: [`${schema}.*`], idleAfterMs: 50 };
  started.push({ close: () => dropPostgresSource(name, given) });
  const start = async (): Promise<Capture> => {
    const capture = await startCapture({
      source: postgres(given).create(name),
      directory,
      fileSystem: nodeFileSystem,
      logger: silentLogger,
      lineBytes: 2000,
      tickEveryMs: 50,
      retryAfterMs: 10,
    });
    started.push(capture);
    return capture;
  };
  return { name, schema, start };
}

interface Logged {
  readonly xid: string;
  readonly changes: readonly Change[];
}

/** Every transaction of the log, and a check of what every log promises. */
async function transactions(log: LogReader<ChangeLogLine>): Promise<Logged[]> {
  const all: Logged[] = [];
  const told = new Set<string>();
  let position = 0;
  let logTime = '';
  for await (const batch of log.read({ from: 1 })) {
    for (const entry of batch) {
      position += 1;
      expect(entry.position).toBe(position);
      const lines = [...entry.lines()];
      for (const line of lines) {
        expect(line.logTime >= logTime).toBe(true);
        logTime = line.logTime;
      }
      const of = lines.filter((line) => line.kind === 'transaction');
      for (const { table, version } of of.flatMap(({ schemas = [] }) => schemas)) {
        expect(told).not.toContain(`${table} ${String(version)}`);
        told.add(`${table} ${String(version)}`);
      }
      const changes = of.flatMap((line) => line.changes);
      for (const { table, schema } of changes.slice(0, 10))
        expect(told).toContain(`${table} ${String(schema)}`);
      if (of[0]) all.push({ xid: of[0].xid, changes });
    }
  }
  return all;
}

/** Waits until the log has so many transactions. */
const logged = (capture: Capture, count: number): Promise<Logged[]> =>
  eventually(async () => {
    const all = await transactions(capture.changeLog);
    expect(all.length).toBeGreaterThanOrEqual(count);
    return all;
  });

/** The table that the log's changes give; every row before must be the row that was there. */
function folded(all: readonly Logged[], table: string): Row[] {
  const rows = new Map<unknown, Row>();
  for (const change of all.flatMap(({ changes }) => changes)) {
    if (change.table !== table) continue;
    if (change.op === 'update' || change.op === 'delete') {
      const before = rows.get(change.before['id']);
      if (canonicalJson(before ?? null) !== canonicalJson(change.before))
        expect(change.before).toEqual(before);
      rows.delete(change.before['id']);
    }
    if (change.op !== 'delete') rows.set(change.after['id'], change.after);
  }
  return [...rows.values()];
}

const sorted = (rows: readonly unknown[]): string[] => rows.map(canonicalJson).sort();

/** Ends the connection by which the slot is read. */
async function cutOff(name: string): Promise<void> {
  await eventually(async () => {
    const { rowCount } = await client.query(
      'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active',
      [`banyan_${name}`],
    );
    expect(rowCount).toBe(1);
  });
}

test('logs the rows it finds, then whole changes, a large value that was not sent included', async () => {
  const { schema, start } = await fixture(
    `CREATE TABLE t (id int4 PRIMARY KEY, n int4, body text); ALTER TABLE t ALTER body SET STORAGE EXTERNAL;
     CREATE TABLE keyless (a int4); INSERT INTO t SELECT g, g, repeat('y', 5000) FROM generate_series(1, 3) g;
     INSERT INTO keyless VALUES (1)`,
  );
  const capture = await start();
  await logged(capture, 1);
  await client.query('UPDATE t SET n = 10 WHERE id = 1');
  await client.query('UPDATE t SET id = 20 WHERE id = 2');
  await client.query('INSERT INTO keyless VALUES (2)');
  await client.query('DELETE FROM t WHERE id = 3');
  await client.query('TRUNCATE t');
  const [snapshot, ...changed] = await logged(capture, 6);
  expect(snapshot?.xid).toBe('snapshot');
  expect(snapshot?.changes.map(({ op, table }) => `${op} ${table}`).sort()).toEqual([
    `existing ${schema}.keyless`,
    ...Array.from({ length: 3 }, () => `existing ${schema}.t`),
  ]);
  const body = 'y'.repeat(5000);
  const place = { table: `${schema}.t`, schema: 1 };
  expect(changed.map(({ changes }) => changes)).toEqual([
    [{ ...place, op: 'update', before: { id: 1, n: 1, body }, after: { id: 1, n: 10, body } }],
    [{ ...place, op: 'update', before: { id: 2, n: 2, body }, after: { id: 20, n: 2, body } }],
    [{ op: 'insert', table: `${schema}.keyless`, schema: 1, after: { a: 2 } }],
    [{ ...place, op: 'delete', before: { id: 3, n: 3, body } }],
    [
      { ...place, op: 'delete', before: { id: 1, n: 10, body }, truncated: true },
      { ...place, op: 'delete', before: { id: 20, n: 2, body }, truncated: true },
    ],
  ]);
});

test('goes on where it left off, and rebuilds row state that was lost', async () => {
  const { schema, start } = await fixture(
    `CREATE TABLE t (id int4 PRIMARY KEY, n int4); INSERT INTO t SELECT g, 0 FROM generate_series(1, 20) g`,
  );
  const first = await start();
  await logged(first, 1);
  await client.query('UPDATE t SET n = 1 WHERE id <= 5');
  await logged(first, 2);
  await first.close();
  await first.ended;
  await client.query('UPDATE t SET n = n + 1 WHERE id <= 10');
  const second = await start();
  await logged(second, 3);
  await second.close();
  await rm(join(directory, 'rows'), { recursive: true });
  await client.query('DELETE FROM t WHERE id > 15');
  await client.query('ALTER TABLE t ADD note text');
  await client.query(`UPDATE t SET note = 'new' WHERE id = 1`);
  const third = await start();
  const all = await logged(third, 5);
  expect(all).toHaveLength(5);
  expect(folded(all.slice(0, 4), `${schema}.t`)).toHaveLength(15);
  expect(all[4]?.changes).toEqual([
    {
      op: 'update',
      table: `${schema}.t`,
      schema: 2,
      before: { id: 1, n: 2 },
      unknownBefore: ['note'],
      after: { id: 1, n: 2, note: 'new' },
    },
  ]);
  expect(third.status()).toMatchObject({ state: { kind: 'streaming' }, transactions: 2 });
});

test('logs every commit once, though its connection is cut off within transactions', async () => {
  const { name, schema, start } = await fixture('CREATE TABLE t (id int4 PRIMARY KEY, n int4)');
  const capture = await start();
  await logged(capture, 1);
  let within = false;
  const sizes: number[] = [];
  // A transaction may be through before its connection ends: then a larger one is tried.
  for (let size = 40_000; !within && size < 1_000_000; size *= 2) {
    const before = capture.status();
    await client.query(
      `INSERT INTO t SELECT g, ${String(size)} FROM generate_series(1, ${String(size)}) g
       ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n`,
    );
    await eventually(() => {
      expect(capture.status().changes).toBeGreaterThan(before.changes);
    });
    await cutOff(name);
    await eventually(() => {
      expect(capture.status().transactions).toBe(before.transactions + 1);
    });
    sizes.push(size);
    // Changes that were taken in again show that the transaction was cut off in its middle.
    within = capture.status().changes > before.changes + size;
  }
  expect(within).toBe(true);
  const all = await logged(capture, sizes.length + 1);
  expect(all.slice(1).map(({ changes }) => changes.length)).toEqual(sizes);
  const { rows } = await client.query('SELECT id, n FROM t');
  expect(sorted(folded(all, `${schema}.t`))).toEqual(sorted(rows));
});

test('moves on without a transaction, and the server may forget what is durable', async () => {
  const { name, start } = await fixture('CREATE TABLE t (id int4 PRIMARY KEY)');
  const capture = await start();
  await logged(capture, 1);
  await client.query(`SELECT pg_logical_emit_message(false, 'other', repeat('x', 100000))`);
  const { rows: at } = await client.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
  await eventually(async () => {
    const { rows } = await client.query<{ moved: boolean }>(
      'SELECT confirmed_flush_lsn >= $2::pg_lsn AS moved FROM pg_replication_slots WHERE slot_name = $1',
      [`banyan_${name}`, at[0]?.lsn],
    );
    expect(rows[0]?.moved).toBe(true);
  });
  expect(await transactions(capture.changeLog)).toHaveLength(1);
});
