import { randomBytes } from 'node:crypto';
import { BanyanError, once, type JsonValue } from 'banyan/runtime';
import pg from 'pg';
import type { Cursor } from '../change.ts';
import type { KeyedRow, SourceSnapshot } from '../source.ts';
import { converterOf, type Converter } from '../values.ts';
import { connect, type Session } from './connection.ts';
import { codeOf, failed, said } from './errors.ts';
import { createSlot } from './new-slot.ts';
import type { CheckedOptions } from './options.ts';
import { checkServer, checkSlotsLeft, connectWalsender, identify } from './preflight.ts';
import { orderedQuery } from './query-order.ts';
import { snapshotError, snapshotSettings } from './snapshot.ts';
import { TypeCatalog } from './type-catalog.ts';

/**
 * Opens the database at an exact place: the consistent point of a temporary slot, whose exported snapshot a read only
 * transaction enters. The slot goes at once, so that it holds back no WAL; it takes a free replication slot and a free
 * walsender for that moment. The role needs REPLICATION (on RDS: rds_replication), and SELECT on what is queried.
 */
export async function openQuerySnapshot(
  name: string,
  options: CheckedOptions,
  signal: AbortSignal,
): Promise<SourceSnapshot> {
  const application = `banyan_${name}_verify`;
  const session = await connect(options, { application });
  try {
    const server = await checkServer(session);
    await checkSlotsLeft(session);
    const walsender = await connectWalsender(options, application, server);
    try {
      const { system, timeline } = await identify(walsender);
      const slot = `banyan_verify_${randomBytes(8).toString('hex')}`;
      const making = { slot, temporary: true, role: server.role, session, signal };
      const { consistentPoint, exported } = await createSlot(walsender, making);
      const cursor = { system, timeline, lsn: consistentPoint };
      return await enter(options, application, exported, cursor);
    } finally {
      // The exported snapshot lives until here; whoever entered it keeps it.
      await walsender.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw failed(session.where, 'Opening a snapshot', error);
  } finally {
    await session.close();
  }
}

async function enter(
  options: CheckedOptions,
  application: string,
  exported: string,
  cursor: Cursor,
): Promise<SourceSnapshot> {
  const session = await connect(options, { application, settings: snapshotSettings });
  const { client } = session;
  try {
    // A query that a person wrote means the tables that he finds by himself.
    await client.query('RESET search_path');
    // The whole result is wanted, not its first rows soon.
    await client.query('SET cursor_tuple_fraction = 1');
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query(`SET TRANSACTION SNAPSHOT ${pg.escapeLiteral(exported)}`);
    const { rows } = await client.query<{ server_encoding: string }>('SHOW server_encoding');
    const encoding = rows[0]?.server_encoding ?? '';
    const types = new TypeCatalog();
    return {
      cursor,
      rows: (query) => readRows(session, types, orderedQuery(query, encoding)),
      // A server that still works on a query is not waited for.
      close: once(() => {
        session.destroy();
        return session.close();
      }),
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Rows of one portion. */
const portion = 500;

/** As Postgres printed it: the conversions are ours. */
const asText = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig;

async function* readRows(
  session: Session,
  types: TypeCatalog,
  sql: string,
): AsyncGenerator<readonly KeyedRow[], void, undefined> {
  const { client } = session;
  // The extended protocol takes one statement and no more, whatever the text holds.
  const run = (text: string): Promise<pg.QueryArrayResult<(string | null)[]>> =>
    client.query({ text, rowMode: 'array', types: asText, queryMode: 'extended' } as pg.QueryArrayConfig);
  try {
    await run(`DECLARE banyan_rows NO SCROLL CURSOR FOR ${sql}`);
    await refuseRewritten(session);
    let columns: readonly Column[] | undefined;
    for (;;) {
      const { fields, rows } = await run(`FETCH FORWARD ${String(portion)} FROM banyan_rows`);
      columns ??= await columnsOf(client, types, fields);
      const converted = rows.map(converter(columns));
      if (converted.length > 0) yield converted;
      if (converted.length < portion) break;
    }
    await run('CLOSE banyan_rows');
  } catch (error) {
    throw queryError(session.where, error);
  }
}

interface Column {
  readonly name: string;
  readonly convert: Converter;
}

async function columnsOf(
  client: pg.Client,
  types: TypeCatalog,
  fields: readonly pg.FieldDef[],
): Promise<readonly Column[]> {
  await types.load(
    client,
    fields.map(({ dataTypeID }) => dataTypeID),
  );
  return fields.map(({ name, dataTypeID }) => ({ name, convert: converterOf(types.typeOf(dataTypeID)) }));
}

function converter(columns: readonly Column[]): (values: readonly (string | null)[]) => KeyedRow {
  const keyAt = columns.findIndex(({ name }) => name === 'key');
  return (values) => {
    const key = values[keyAt] ?? null;
    if (key === null) throw invalid('a row of it has no key: its column "key" is NULL');
    const row = columns.flatMap(({ name, convert }, index): [string, JsonValue][] => {
      const text = values[index] ?? null;
      return index === keyAt ? [] : [[name, text === null ? null : convert(text)]];
    });
    return { key, row: Object.fromEntries(row) };
  };
}

/**
 * A table that was truncated or rewritten since the snapshot looks empty to it. By now the query's tables are locked
 * (ACCESS SHARE), so it can be told: the row of pg_class is the snapshot's, the function's answer is today's.
 */
async function refuseRewritten({ client, where }: Session): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
     WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND c.oid >= 16384 AND c.relkind IN ('r', 'm')
       AND pg_relation_filenode(c.oid) IS DISTINCT FROM nullif(c.relfilenode, 0)`,
  );
  if (rows.length === 0) return;
  const names = rows.map(({ name }) => name);
  throw new BanyanError(
    'SOURCE_LOCKED',
    `${where}: ${names.join(', ')} was truncated or rewritten in just this moment, so that a snapshot cannot see ` +
      'it any more. Ask again.',
    { retryable: true, details: { where, tables: names } },
  );
}

/** What the text of a query is to blame for: SQLSTATE classes of syntax and access, data, and transaction state. */
const queryCodes = /^(42|22|21|25|0A|3F)/;

function queryError(where: string, error: unknown): Error {
  const code = codeOf(error) ?? '';
  if (code === '42501') return snapshotError(where, error);
  if (queryCodes.test(code)) return invalid(`${where} says: ${said(error)}`, error);
  return failed(where, 'Reading the query', error);
}

function invalid(why: string, cause?: unknown): BanyanError {
  return new BanyanError(
    'SOURCE_QUERY_INVALID',
    `The query cannot be read: ${why}. Expected: one SELECT that changes nothing, with a text column "key".`,
    { cause },
  );
}
