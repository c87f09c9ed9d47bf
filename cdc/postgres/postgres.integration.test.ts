import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { Closeable } from 'banyan/runtime';
import { dropPostgresSource, postgres, type Source } from 'banyan/cdc';
import { eventually } from '../../kit/eventually.ts';
import { readSource } from '../../kit/source-reader.ts';
import { testDatabase } from '../../kit/test-database.ts';
import type { PostgresOptions } from './options.ts';

let url: string;
let client: pg.Client;
let counter = 0;
const started: Closeable[] = [];

beforeAll(async () => {
  url = await testDatabase('stream');
  client = new pg.Client({ connectionString: url });
  await client.connect();
});
afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.close();
});
afterAll(async () => {
  await client.end();
});

/** A source of its own schema for each test; taken away afterwards. */
async function fixture(
  ddl: string,
  options: Partial<PostgresOptions> = {},
): Promise<{ source: Source; schema: string }> {
  counter += 1;
  const schema = `s${String(counter)}`;
  await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${ddl}`);
  const name = `stream_${String(counter)}_${url.slice(-8)}`;
  const given = { connectionString: url, tables: [`${schema}.*`], idleAfterMs: 50, ...options };
  started.push({ close: () => dropPostgresSource(name, given) });
  return { source: postgres(given).create(name), schema };
}

async function reading(...args: Parameters<typeof readSource>): ReturnType<typeof readSource> {
  const reader = await readSource(...args);
  started.push(reader);
  return reader;
}

describe('a new source', () => {
  test('tells the rows it finds as one transaction, then what happens', async () => {
    const { source, schema } = await fixture(
      `CREATE TABLE orders (id int8 PRIMARY KEY, total numeric, placed timestamptz);
       INSERT INTO orders VALUES (1, 10.50, '2026-11-21 03:28:00+00'), (2, NULL, NULL)`,
    );
    const reader = await reading(source);
    await reader.count(1);
    await client.query(`INSERT INTO orders VALUES (3, 7, NULL)`);
    await client.query(`UPDATE orders SET total = 11 WHERE id = 1`);
    await client.query(`UPDATE orders SET id = 20 WHERE id = 2`);
    await client.query(`DELETE FROM orders WHERE id = 3`);
    await client.query(`TRUNCATE orders`);
    const transactions = await reader.count(6);
    const table = {
      table: `${schema}.orders`,
      columns: [
        { name: 'id', type: 'int8' },
        { name: 'total', type: 'numeric' },
        { name: 'placed', type: 'timestamptz' },
      ],
      key: ['id'],
    };
    expect(transactions[0]?.xid).toBe('snapshot');
    expect(transactions[0]?.committedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(reader.changes()).toEqual([
      { op: 'existing', table, after: { id: '1', total: '10.50', placed: '2026-11-21T03:28:00.000000Z' } },
      { op: 'existing', table, after: { id: '2', total: null, placed: null } },
      { op: 'insert', table, after: { id: '3', total: '7', placed: null } },
      { op: 'update', table, after: { id: '1', total: '11', placed: '2026-11-21T03:28:00.000000Z' } },
      { op: 'update', table, old: { id: '2' }, after: { id: '20', total: null, placed: null } },
      { op: 'delete', table, old: { id: '3' } },
      { op: 'truncate', table },
    ]);
  });

  test('has no gap and no overlap between snapshot and stream under load', async () => {
    const { source, schema } = await fixture(`CREATE TABLE n (id int8 PRIMARY KEY)`);
    let writing = true;
    let last = 0;
    const writers = [0, 1, 2].map(async (writer) => {
      const own = new pg.Client({ connectionString: url });
      await own.connect();
      while (writing) {
        last += 1;
        await own.query(`INSERT INTO ${schema}.n SELECT ${String(last)} + ${String(writer)} * 1000000`);
      }
      await own.end();
    });
    await eventually(() => {
      expect(last).toBeGreaterThan(200);
    });
    const reader = await reading(source);
    await eventually(() => {
      expect(reader.transactions.length).toBeGreaterThan(200);
    });
    writing = false;
    await Promise.all(writers);
    const { rows } = await client.query<{ id: string }>(`SELECT id FROM ${schema}.n`);
    await eventually(() => {
      expect(reader.changes().length).toBeGreaterThanOrEqual(rows.length);
    });
    const seen = reader.changes().map((change) => ('after' in change ? change.after['id'] : undefined));
    expect(reader.transactions[0]?.changes.length).toBeGreaterThan(200);
    expect([...seen].sort()).toEqual(rows.map(({ id }) => id).sort());
  });

  test('begins anew when the process died within the snapshot', async () => {
    const { source } = await fixture(`CREATE TABLE a (id int4 PRIMARY KEY); INSERT INTO a VALUES (1)`);
    const first = await source.open({ after: undefined, signal: new AbortController().signal });
    await first.close();
    await client.query('INSERT INTO a VALUES (2)');
    const reader = await reading(source);
    await reader.count(1);
    expect(reader.changes().map((change) => 'after' in change && change.after)).toEqual([
      { id: 1 },
      { id: 2 },
    ]);
  });

  test('reports the progress of the snapshot', async () => {
    const { source, schema } = await fixture(
      `CREATE TABLE a AS SELECT g AS id FROM generate_series(1, 2500) g; ALTER TABLE a ADD PRIMARY KEY (id); ANALYZE a`,
    );
    const told: unknown[] = [];
    const reader = await reading(source, { onSnapshotProgress: (progress) => told.push(progress) });
    await reader.count(1);
    expect(told.at(-1)).toEqual({ table: `${schema}.a`, rows: 2500, estimatedRows: 2500 });
  });
});

describe('a source with a log', () => {
  test('goes on from any acknowledged point, with nothing twice', async () => {
    const { source } = await fixture(`CREATE TABLE a (id int4 PRIMARY KEY)`);
    const first = await reading(source, { acknowledge: false });
    for (let id = 1; id <= 5; id += 1) await client.query(`INSERT INTO a VALUES (${String(id)})`);
    await first.count(6);
    await first.close();
    for (const [index, { cursor }] of first.transactions.entries()) {
      const next = await reading(source, { after: cursor, acknowledge: false });
      await next.count(5 - index);
      await eventually(() => {
        expect(next.idles.length).toBeGreaterThan(0);
      });
      expect(next.transactions).toEqual(first.transactions.slice(index + 1));
      await next.close();
    }
  });

  test('acknowledging moves the slot, so that the server forgets', async () => {
    const { source } = await fixture(`CREATE TABLE a (id int4 PRIMARY KEY)`);
    const reader = await reading(source);
    await client.query('INSERT INTO a VALUES (1)');
    await reader.count(2);
    await client.query(`SELECT pg_logical_emit_message(false, 'other', repeat('x', 100000))`);
    await eventually(async () => {
      const { rows } = await client.query<{ moved: boolean }>(
        `SELECT confirmed_flush_lsn >= $2::pg_lsn AS moved FROM pg_replication_slots WHERE slot_name = $1`,
        [`banyan_${source.name}`, reader.cursor?.lsn],
      );
      expect(rows[0]?.moved).toBe(true);
    });
    const lag = await source.lag();
    expect(lag.end.system).toBe(reader.cursor?.system);
    expect(lag.end.timeline).toBe(reader.cursor?.timeline);
    expect(lag.retainedBytes).toBeGreaterThanOrEqual(0);
  });

  test('tells a logical message by an idle message behind it, at once', async () => {
    const { source } = await fixture(`CREATE TABLE a (id int4 PRIMARY KEY)`, { idleAfterMs: 3_600_000 });
    const reader = await reading(source);
    await reader.count(1);
    // The answer to a message that was sent before the stream was listening would be no proof.
    await client.query('INSERT INTO a VALUES (1)');
    await reader.count(2);
    const { rows } = await client.query<{ lsn: string }>(
      `SELECT pg_logical_emit_message(false, 'banyan', 'token')::text AS lsn`,
    );
    await eventually(async () => {
      const last = reader.idles.at(-1);
      const behind = await client.query<{ behind: boolean }>(`SELECT $1::pg_lsn >= $2::pg_lsn AS behind`, [
        last?.cursor.lsn ?? '0/0',
        rows[0]?.lsn,
      ]);
      expect(behind.rows[0]?.behind).toBe(true);
    });
  });

  test('ends without an error when closed, and when aborted', async () => {
    const { source } = await fixture(`CREATE TABLE a (id int4 PRIMARY KEY)`);
    const reader = await reading(source);
    await reader.count(1);
    await reader.close();
    expect(await reader.ended).toBeUndefined();
    const aborting = new AbortController();
    const next = await reading(source, { after: reader.cursor, signal: aborting.signal });
    aborting.abort();
    expect(await next.ended).toBeUndefined();
  });

  test('fails as retryable when the server ends the connection', async () => {
    const { source } = await fixture(`CREATE TABLE a (id int4 PRIMARY KEY)`);
    const reader = await reading(source);
    await reader.count(1);
    await eventually(async () => {
      const { rowCount } = await client.query(
        'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active',
        [`banyan_${source.name}`],
      );
      expect(rowCount).toBe(1);
    });
    expect(await reader.ended).toMatchObject({ code: 'SOURCE_DISCONNECTED', retryable: true });
  });
});

describe('tables', () => {
  test('of several schemas, with mixed-case and odd names', async () => {
    const { source, schema } = await fixture(
      `CREATE TABLE "Customer Notes" ("Id" int4 PRIMARY KEY, "__proto__" text, "a.b" text);
       INSERT INTO "Customer Notes" VALUES (1, 'x', 'y'); CREATE SCHEMA "Other" CREATE TABLE "T" (id int4 PRIMARY KEY)`,
      { tables: [`s*."Customer Notes"`, '"Other".T'] },
    );
    const reader = await reading(source);
    await reader.count(1);
    await client.query(`INSERT INTO "Other"."T" VALUES (7)`);
    await client.query(`UPDATE "Customer Notes" SET "a.b" = 'z'`);
    await reader.count(3);
    const rows = reader
      .changes()
      .map((change) => [change.table.table, 'after' in change && JSON.stringify(change.after)]);
    expect(rows).toEqual([
      [`${schema}.Customer Notes`, '{"Id":1,"__proto__":"x","a.b":"y"}'],
      ['Other.T', '{"id":7}'],
      [`${schema}.Customer Notes`, '{"Id":1,"__proto__":"x","a.b":"z"}'],
    ]);
  });

  test('without a primary key stay updatable for the application, and tell their inserts', async () => {
    const { source } = await fixture(`CREATE TABLE keyless (a int4); CREATE TABLE kept (id int4 PRIMARY KEY);
      CREATE TABLE nothing (id int4 PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING;
      CREATE TABLE deferred (id int4, PRIMARY KEY (id) DEFERRABLE);`);
    const reader = await reading(source);
    await reader.count(1);
    for (const table of ['keyless', 'nothing', 'deferred', 'kept']) {
      await client.query(`INSERT INTO ${table} VALUES (1)`);
      await client.query(`UPDATE ${table} SET ${table === 'keyless' ? 'a' : 'id'} = 2`);
      await client.query(`DELETE FROM ${table}`);
    }
    await reader.count(7);
    expect(
      reader.changes().map(({ op, table }) => `${op} ${table.table.split('.')[1] ?? ''} ${table.key.join()}`),
    ).toEqual([
      'insert keyless ',
      'insert nothing ',
      'insert deferred ',
      'insert kept id',
      'update kept id',
      'delete kept id',
    ]);
  });

  test('under FULL have their primary key, and under USING INDEX that index', async () => {
    const { source } = await fixture(`
      CREATE TABLE f (id int4 PRIMARY KEY, a text); ALTER TABLE f REPLICA IDENTITY FULL;
      CREATE TABLE g (a text); ALTER TABLE g REPLICA IDENTITY FULL;
      CREATE TABLE i (id int4 PRIMARY KEY, code text NOT NULL, x text);
      CREATE UNIQUE INDEX i_code ON i (code) INCLUDE (x); ALTER TABLE i REPLICA IDENTITY USING INDEX i_code;
      INSERT INTO f VALUES (1, 'a'); INSERT INTO g VALUES ('a'); INSERT INTO i VALUES (1, 'c', 'x')`);
    const reader = await reading(source);
    await reader.count(1);
    await client.query(`UPDATE f SET a = 'b'`);
    await client.query(`UPDATE g SET a = 'b'`);
    await client.query(`UPDATE i SET code = 'd'`);
    const [snapshot, ...changed] = await reader.count(4);
    const keys = ['id', '', 'code'];
    expect(snapshot?.changes.map(({ table }) => table.key.join())).toEqual(keys);
    const updates = changed.flatMap(({ changes }) => changes);
    expect(updates.map(({ table }) => table)).toEqual(snapshot?.changes.map(({ table }) => table));
    expect(updates.map((change) => 'old' in change && change.old)).toEqual([
      { id: 1, a: 'a' },
      { a: 'a' },
      { code: 'c' },
    ]);
  });

  test('with large values: what did not change is listed, not guessed', async () => {
    const { source } = await fixture(
      `CREATE TABLE big (id int4 PRIMARY KEY, n int4, body text); ALTER TABLE big ALTER body SET STORAGE EXTERNAL;
       CREATE TABLE full_big (id int4 PRIMARY KEY, n int4, body text); ALTER TABLE full_big ALTER body SET STORAGE EXTERNAL;
       ALTER TABLE full_big REPLICA IDENTITY FULL`,
    );
    const reader = await reading(source);
    await reader.count(1);
    for (const table of ['big', 'full_big']) {
      await client.query(`INSERT INTO ${table} VALUES (1, 1, repeat('y', 10000))`);
      await client.query(`UPDATE ${table} SET n = 2`);
    }
    await reader.count(5);
    const body = 'y'.repeat(10_000);
    expect(reader.changes().filter(({ op }) => op === 'update')).toMatchObject([
      { after: { id: 1, n: 2 }, unchanged: ['body'] },
      { old: { id: 1, n: 1, body }, after: { id: 1, n: 2, body } },
    ]);
    expect(reader.changes()[1]).not.toHaveProperty('after.body');
    expect(reader.changes()[3]).not.toHaveProperty('unchanged');
  });

  test('that are partitioned are one table; generated columns are in neither path', async () => {
    const { source, schema } = await fixture(
      `CREATE TABLE p (id int4 PRIMARY KEY, twice int4 GENERATED ALWAYS AS (id * 2) STORED) PARTITION BY RANGE (id);
       CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
       INSERT INTO p VALUES (1), (11)`,
    );
    const reader = await reading(source);
    await reader.count(1);
    await client.query('UPDATE p SET id = 12 WHERE id = 1');
    await reader.count(2);
    const tables = new Set(reader.changes().map(({ table }) => JSON.stringify(table)));
    expect([...tables].map((text) => JSON.parse(text) as unknown)).toEqual([
      { table: `${schema}.p`, columns: [{ name: 'id', type: 'int4' }], key: ['id'] },
    ]);
    expect(reader.changes().map(({ op }) => op)).toEqual(['existing', 'existing', 'delete', 'insert']);
  });

  test('whose columns change tell the new shape with the next change', async () => {
    const { source } = await fixture(`CREATE TABLE a (id int4 PRIMARY KEY, x text)`);
    const reader = await reading(source);
    await client.query(`INSERT INTO a VALUES (1, 'x')`);
    await client.query(`ALTER TABLE a RENAME x TO y; INSERT INTO a VALUES (2, 'y')`);
    await client.query(`CREATE TYPE mood AS ENUM ('glad'); ALTER TABLE a ADD moods mood[] DEFAULT '{glad}'`);
    await client.query(`INSERT INTO a VALUES (3, 'z')`);
    await client.query(`ALTER TABLE a DROP y; ANALYZE a`);
    await client.query(`INSERT INTO a VALUES (4); INSERT INTO a VALUES (5)`);
    await reader.count(5);
    expect(reader.changes().map((change) => 'after' in change && change.after)).toEqual([
      { id: 1, x: 'x' },
      { id: 2, y: 'y' },
      { id: 3, y: 'z', moods: ['glad'] },
      { id: 4, moods: ['glad'] },
      { id: 5, moods: ['glad'] },
    ]);
    expect(reader.changes().map(({ table }) => table.columns.map(({ type }) => type).join())).toEqual([
      'int4,text',
      'int4,text',
      'int4,text,_mood',
      'int4,_mood',
      'int4,_mood',
    ]);
  });

  test('that are rolled back or not captured tell nothing', async () => {
    const { source } = await fixture(
      `CREATE TABLE a (id int4 PRIMARY KEY); CREATE TABLE b (id int4 PRIMARY KEY)`,
      { exclude: ['s*.b'] },
    );
    const reader = await reading(source);
    await reader.count(1);
    await client.query('BEGIN; INSERT INTO a VALUES (1); ROLLBACK');
    await client.query('INSERT INTO b VALUES (1)');
    await client.query(
      'BEGIN; SAVEPOINT s; INSERT INTO a VALUES (2); ROLLBACK TO s; INSERT INTO a VALUES (3); COMMIT',
    );
    const transactions = await reader.count(2);
    expect(transactions[1]?.changes).toMatchObject([{ op: 'insert', after: { id: 3 } }]);
  });
});
