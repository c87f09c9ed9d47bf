import { BanyanError, type Closeable } from 'banyan/runtime';
import pg from 'pg';
import type { Cursor } from '../change.ts';
import type { SnapshotProgress, SourceMessage } from '../source.ts';
import type { Session } from './connection.ts';
import { CopyOut } from './copy-out.ts';
import { parseCopyRow } from './copy-text.ts';
import { codeOf, failed } from './errors.ts';
import type { SelectedTable } from './select-tables.ts';
import { readColumns, type CatalogColumn } from './table-catalog.ts';
import { rowOf, type Shape } from './shapes.ts';

/** A table with the shape that its rows are read in. */
export interface SnapshotTable {
  readonly table: SelectedTable;
  readonly shape: Shape;
}

/** A transaction that sees the database as it was at `cursor`, and no later. */
export interface Snapshot extends Closeable {
  readonly session: Session;
  readonly cursor: Cursor;
  /** The server's clock when the snapshot began, ISO 8601 with microseconds. */
  readonly at: string;
  /** The tables' columns, by OID, as the snapshot has them. */
  readonly columns: ReadonlyMap<number, readonly CatalogColumn[]>;
}

/** The settings of a session that reads a snapshot: it waits long for nothing and is cut off by nothing. */
export const snapshotSettings: Readonly<Record<string, string>> = {
  lock_timeout: '5s',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  // A policy that hides rows from us must be an error, never a snapshot with holes.
  row_security: 'off',
};

/**
 * Enters an exported snapshot and locks the tables, ACCESS SHARE, so that none of them is rewritten while it is read:
 * a rewritten or truncated table looks empty to an older snapshot. Returns undefined if that has happened already,
 * between the snapshot and the lock.
 */
export async function enterSnapshot(
  session: Session,
  exported: string,
  cursor: Cursor,
  tables: readonly SelectedTable[],
): Promise<Snapshot | undefined> {
  const { client, where } = session;
  try {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query(`SET TRANSACTION SNAPSHOT ${pg.escapeLiteral(exported)}`);
    await client.query(`LOCK TABLE ${tables.map(source).join(', ')} IN ACCESS SHARE MODE`);
    // The row of pg_class is the snapshot's, the function's answer is today's.
    const rewritten = await client.query(
      `SELECT FROM pg_class c WHERE pg_relation_filenode(c.oid) IS DISTINCT FROM nullif(c.relfilenode, 0)
         AND c.oid IN (SELECT coalesce(t.relid, w.oid) FROM unnest($1::oid[]) w (oid)
                       LEFT JOIN LATERAL pg_partition_tree(w.oid) t ON true)`,
      [tables.map(({ oid }) => oid)],
    );
    if (rewritten.rowCount !== 0) {
      await client.query('ROLLBACK');
      return undefined;
    }
    const clock = await client.query<{ at: string }>(
      `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
    );
    const columns = await readColumns(
      client,
      tables.map(({ oid }) => oid),
    );
    return { session, columns, cursor, at: clock.rows[0]?.at ?? '', close: () => session.close() };
  } catch (error) {
    throw snapshotError(where, error);
  }
}

/** Messages in one batch. */
const batchSize = 1000;

/**
 * Reads all rows as one transaction of `existing` changes. COPY and not a cursor: measured at 1.5 times the rows a
 * second (docs/decisions/0003-replication-client.md), and back-pressure reaches the socket.
 */
export async function* readSnapshot(
  snapshot: Snapshot,
  tables: readonly SnapshotTable[],
  bufferBytes: number,
  onProgress: ((progress: SnapshotProgress) => void) | undefined,
): AsyncGenerator<readonly SourceMessage[], void, undefined> {
  const estimatedRows = estimate(tables);
  let rows = 0;
  yield [{ kind: 'begin', xid: 'snapshot', committedAt: snapshot.at }];
  for (const { table, shape } of tables) {
    const progress = (): void => onProgress?.({ table: table.fullName, rows, estimatedRows });
    for await (const batch of readTable(snapshot, table, shape, bufferBytes)) {
      rows += batch.length;
      yield batch;
      progress();
    }
    progress();
  }
  yield [{ kind: 'commit', cursor: snapshot.cursor }];
}

async function* readTable(
  snapshot: Snapshot,
  table: SelectedTable,
  shape: Shape,
  bufferBytes: number,
): AsyncGenerator<readonly SourceMessage[], void, undefined> {
  const columns = shape.names.map((name) => pg.escapeIdentifier(name)).join(', ');
  const failure = (error: unknown): Error => snapshotError(snapshot.session.where, error);
  // A table whose columns are all generated still has rows; one NULL stands for each.
  const select = `SELECT ${columns || 'NULL'} FROM ${source(table)}`;
  const copy = await CopyOut.start(snapshot.session, `COPY (${select}) TO STDOUT`, {
    bufferBytes,
    answer: 'copyOutResponse',
    failure,
  });
  for (let chunks = await copy.queue.take(); chunks !== undefined; chunks = await copy.queue.take()) {
    for (let from = 0; from < chunks.length; from += batchSize) {
      yield chunks.slice(from, from + batchSize).map((chunk) => {
        const after = rowOf(shape, parseCopyRow(chunk.toString('utf8')));
        return { kind: 'change', change: { op: 'existing', table: shape.table, after } } as const;
      });
    }
  }
}

/** As it is published: an ordinary table without those that inherit from it, a partitioned one with its partitions. */
function source(table: SelectedTable): string {
  const name = `${pg.escapeIdentifier(table.schema)}.${pg.escapeIdentifier(table.name)}`;
  return table.partitioned ? name : `ONLY ${name}`;
}

function estimate(tables: readonly SnapshotTable[]): number | undefined {
  let sum = 0;
  for (const { table } of tables) {
    if (table.estimatedRows === undefined) return undefined;
    sum += table.estimatedRows;
  }
  return sum;
}

/** A failure to read rows: most likely of permissions. */
export function snapshotError(where: string, error: unknown): Error {
  if (codeOf(error) === '42501') {
    return new BanyanError(
      'SOURCE_NO_PERMISSION',
      `The role of ${where} may not read all rows: ${(error as Error).message}. Grant it SELECT on the tables, and ` +
        'ALTER ROLE ... BYPASSRLS where they have row-level security.',
      { cause: error, details: { where } },
    );
  }
  return failed(where, 'Reading the snapshot', error);
}
