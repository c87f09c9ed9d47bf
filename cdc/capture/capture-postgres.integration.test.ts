import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { eventually } from '../../kit/eventually.ts';
import { folded, logged, postgresCaptures, sorted, transactions } from './testing/postgres-captures.ts';

/* Capture on a real database and real files; what a source may do besides is in `capture.integration.test.ts`. */

const captures = postgresCaptures('capture');

/** Ends the connection by which the slot is read. */
async function cutOff(name: string): Promise<void> {
  await eventually(async () => {
    const { rowCount } = await captures.query(
      'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active',
      [`banyan_${name}`],
    );
    expect(rowCount).toBe(1);
  });
}

test('logs the rows it finds, then whole changes, a large value that was not sent included', async () => {
  const { schema, start } = await captures.fixture(
    `CREATE TABLE t (id int4 PRIMARY KEY, n int4, body text); ALTER TABLE t ALTER body SET STORAGE EXTERNAL;
     CREATE TABLE keyless (a int4); INSERT INTO t SELECT g, g, repeat('y', 5000) FROM generate_series(1, 3) g;
     INSERT INTO keyless VALUES (1)`,
  );
  const capture = await start();
  await logged(capture, 1);
  await captures.query('UPDATE t SET n = 10 WHERE id = 1');
  await captures.query('UPDATE t SET id = 20 WHERE id = 2');
  await captures.query('INSERT INTO keyless VALUES (2)');
  await captures.query('DELETE FROM t WHERE id = 3');
  await captures.query('TRUNCATE t');
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
  const { schema, start } = await captures.fixture(
    `CREATE TABLE t (id int4 PRIMARY KEY, n int4); INSERT INTO t SELECT g, 0 FROM generate_series(1, 20) g`,
  );
  const first = await start();
  await logged(first, 1);
  await captures.query('UPDATE t SET n = 1 WHERE id <= 5');
  await logged(first, 2);
  await first.close();
  await first.ended;
  await captures.query('UPDATE t SET n = n + 1 WHERE id <= 10');
  const second = await start();
  await logged(second, 3);
  await second.close();
  await rm(join(captures.directory, 'rows'), { recursive: true });
  await captures.query('DELETE FROM t WHERE id > 15');
  await captures.query('ALTER TABLE t ADD note text');
  await captures.query(`UPDATE t SET note = 'new' WHERE id = 1`);
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
  const { name, schema, start } = await captures.fixture('CREATE TABLE t (id int4 PRIMARY KEY, n int4)');
  const capture = await start();
  await logged(capture, 1);
  let within = false;
  const sizes: number[] = [];
  // A transaction may be through before its connection ends: then a larger one is tried.
  for (let size = 40_000; !within && size < 1_000_000; size *= 2) {
    const before = capture.status();
    await captures.query(
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
  const { rows } = await captures.query('SELECT id, n FROM t');
  expect(sorted(folded(all, `${schema}.t`))).toEqual(sorted(rows));
});

test('moves on without a transaction, and the server may forget what is durable', async () => {
  const { name, start } = await captures.fixture('CREATE TABLE t (id int4 PRIMARY KEY)');
  const capture = await start();
  await logged(capture, 1);
  await captures.query(`SELECT pg_logical_emit_message(false, 'other', repeat('x', 100000))`);
  const { rows: at } = await captures.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
  await eventually(async () => {
    const { rows } = await captures.query<{ moved: boolean }>(
      'SELECT confirmed_flush_lsn >= $2::pg_lsn AS moved FROM pg_replication_slots WHERE slot_name = $1',
      [`banyan_${name}`, at[0]?.lsn],
    );
    expect(rows[0]?.moved).toBe(true);
  });
  expect(await transactions(capture.changeLog)).toHaveLength(1);
});
