import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import pg from 'pg';
import { canonicalJson, nodeFileSystem, silentLogger, type Closeable, type LogReader } from 'banyan/runtime';
import { eventually } from '../../../kit/eventually.ts';
import { testDatabase } from '../../../kit/test-database.ts';
import type { Change, ChangeLogLine, Row } from '../../change.ts';
import { dropPostgresSource, postgres } from '../../postgres/postgres.ts';
import type { Source } from '../../source.ts';
import type { Capture } from '../capture.ts';
import { startCapture } from '../start-capture.ts';

/** Captures of a real database into real files, for the tests of one file. */
export interface PostgresCaptures {
  /** The application's connection. */
  query<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<pg.QueryResult<R>>;
  /** Where the test's captures keep their files. */
  readonly directory: string;
  /** A source of its own schema, which is the search path then; taken away after the test. */
  fixture(ddl: string, wrap?: (source: Source) => Source): Promise<CaptureFixture>;
}

export interface CaptureFixture {
  /** The source's. */
  readonly name: string;
  readonly schema: string;
  readonly start: () => Promise<Capture>;
}

/** Prepares the file's database, and each test's directory. To be called outside of tests. */
export function postgresCaptures(database: string): PostgresCaptures {
  let url: string;
  let client: pg.Client;
  let directory: string;
  let counter = 0;
  const started: Closeable[] = [];

  beforeAll(async () => {
    url = await testDatabase(database);
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

  return {
    get directory() {
      return directory;
    },
    query: (sql, values) => client.query(sql, values),
    async fixture(ddl, wrap = (source) => source) {
      counter += 1;
      const schema = `s${String(counter)}`;
      await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${ddl}`);
      const name = `${database}_${String(counter)}_${url.slice(-8)}`;
      const given = { connectionString: url, tables: [`${schema}.*`], idleAfterMs: 50 };
      started.push({ close: () => dropPostgresSource(name, given) });
      const start = async (): Promise<Capture> => {
        const capture = await startCapture({
          source: wrap(postgres(given).create(name)),
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
    },
  };
}

/** A transaction of a change log. */
export interface Logged {
  readonly xid: string;
  readonly changes: readonly Change[];
}

/** Every transaction of the log, and a check of what every log promises. */
export async function transactions(log: LogReader<ChangeLogLine>): Promise<Logged[]> {
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
export const logged = (capture: Capture, count: number): Promise<Logged[]> =>
  eventually(async () => {
    const all = await transactions(capture.changeLog);
    expect(all.length).toBeGreaterThanOrEqual(count);
    return all;
  });

/** The table that the log's changes give, a row for each `id`; every row before must be the row that was there. */
export function folded(all: readonly Logged[], table: string): Row[] {
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

/** Rows as texts, to be compared in any order. */
export const sorted = (rows: readonly unknown[]): string[] => rows.map(canonicalJson).sort();
