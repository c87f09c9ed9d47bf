import { BanyanError } from 'banyan/runtime';
import pg from 'pg';
import { connect, type Session } from './connection.ts';
import { codeOf, failed, said } from './errors.ts';
import type { Place } from './history.ts';
import type { CheckedOptions } from './options.ts';
import type { SelectedTable } from './select-tables.ts';

/** What opening a source must know of its server. */
export interface Server {
  /** As `server_version_num`: 180004. */
  readonly version: number;
  readonly database: string;
  readonly role: string;
  /** `wal_sender_timeout`, milliseconds. */
  readonly walSenderTimeoutMs: number;
}

interface ServerRow {
  version: string;
  wal_level: string;
  database: string;
  role: string;
  timeout_ms: string;
}

/** Partitioned tables are published whole since Postgres 13. */
const oldestVersion = 130_000;

/** @throws BanyanError SOURCE_VERSION, SOURCE_WAL_LEVEL */
export async function checkServer(session: Session): Promise<Server> {
  const { rows } = await session.client.query<ServerRow>(
    `SELECT current_setting('server_version_num') AS version, current_setting('wal_level') AS wal_level,
            current_database() AS database, current_user AS role,
            (SELECT setting FROM pg_settings WHERE name = 'wal_sender_timeout') AS timeout_ms`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('A SELECT without FROM gave no row.');
  if (Number(row.version) < oldestVersion) {
    throw new BanyanError(
      'SOURCE_VERSION',
      `${session.where} is Postgres ${String(Math.trunc(Number(row.version) / 10_000))}; expected 13 or newer.`,
      { details: { version: Number(row.version) } },
    );
  }
  if (row.wal_level !== 'logical') {
    throw new BanyanError(
      'SOURCE_WAL_LEVEL',
      `${session.where} runs with wal_level = ${row.wal_level}; expected logical. Let the DBA run ` +
        'ALTER SYSTEM SET wal_level = logical; and restart the server (on RDS: rds.logical_replication = 1).',
      { details: { walLevel: row.wal_level } },
    );
  }
  const { database, role } = row;
  return { version: Number(row.version), database, role, walSenderTimeoutMs: Number(row.timeout_ms) };
}

/** @throws BanyanError SOURCE_NO_PERMISSION when a table may not be read */
export function checkReadable(session: Session, server: Server, tables: readonly SelectedTable[]): void {
  const closed = tables.filter((table) => !table.readable);
  if (closed.length === 0) return;
  const role = pg.escapeIdentifier(server.role);
  const schemas = [...new Set(closed.map((table) => pg.escapeIdentifier(table.schema)))];
  const names = closed.map(
    (table) => `${pg.escapeIdentifier(table.schema)}.${pg.escapeIdentifier(table.name)}`,
  );
  const sql = `GRANT USAGE ON SCHEMA ${schemas.join(', ')} TO ${role};\nGRANT SELECT ON ${names.join(', ')} TO ${role};`;
  throw new BanyanError(
    'SOURCE_NO_PERMISSION',
    `The role of ${session.where} may not read ${closed.map((table) => table.fullName).join(', ')}. Let their owner run:\n${sql}`,
    { details: { tables: closed.map((table) => table.fullName), sql } },
  );
}

/** @throws BanyanError SOURCE_NO_SLOTS_LEFT before anything is made */
export async function checkSlotsLeft(session: Session): Promise<void> {
  const { rows } = await session.client.query<{ used: string; most: string }>(
    `SELECT count(*) AS used, current_setting('max_replication_slots') AS most FROM pg_replication_slots`,
  );
  const [row] = rows;
  if (row !== undefined && Number(row.used) >= Number(row.most)) {
    throw noSlotsLeft(session.where, `all ${row.most} replication slots are in use`);
  }
}

export function noSlotsLeft(where: string, why: string, cause?: unknown): BanyanError {
  return new BanyanError(
    'SOURCE_NO_SLOTS_LEFT',
    `${where} has no place for one more capture: ${why}. Let the DBA drop slots that nobody needs ` +
      '(SELECT * FROM pg_replication_slots WHERE NOT active;) or raise max_replication_slots and max_wal_senders, ' +
      'which takes a restart.',
    { cause, details: { where, why } },
  );
}

/** The role may not replicate. */
export function noReplication(session: Pick<Session, 'where'>, role: string, cause: unknown): BanyanError {
  const sql = `ALTER ROLE ${pg.escapeIdentifier(role)} REPLICATION;`;
  return new BanyanError(
    'SOURCE_NO_REPLICATION',
    `The role of ${session.where} may not replicate: ${said(cause)}. Let the DBA run ${sql} ` +
      `(on RDS: GRANT rds_replication TO ${pg.escapeIdentifier(role)};)`,
    { cause, details: { role, sql } },
  );
}

/** Opens a walsender session. @throws BanyanError SOURCE_NO_REPLICATION, SOURCE_NO_SLOTS_LEFT, SOURCE_UNREACHABLE */
export async function connectWalsender(
  options: CheckedOptions,
  application: string,
  server: Server,
): Promise<Session> {
  // idle_session_timeout came with Postgres 14; the session idles while the snapshot begins.
  const settings: Record<string, string> = server.version >= 140_000 ? { idle_session_timeout: '0' } : {};
  try {
    return await connect(options, { application, replication: true, settings });
  } catch (error) {
    const { cause, message } = error as Error;
    const where = (error as BanyanError).details['where'];
    const session = { where: typeof where === 'string' ? where : message };
    if (codeOf(cause) === '42501') throw noReplication(session, server.role, cause);
    if (codeOf(cause) === '53300') throw noSlotsLeft(session.where, said(cause), cause);
    throw error;
  }
}

/** Asks a walsender session which history it is on. */
export async function identify(walsender: Session): Promise<Place> {
  try {
    const { rows } = await walsender.client.query<{
      systemid: string;
      timeline: number | string;
      xlogpos: string;
    }>('IDENTIFY_SYSTEM');
    const [row] = rows;
    if (row === undefined) throw new Error('IDENTIFY_SYSTEM gave no row.');
    // The timeline is an int4 before Postgres 16, an int8 since, which `pg` gives as text.
    return { system: row.systemid, timeline: Number(row.timeline), lsn: row.xlogpos };
  } catch (error) {
    throw failed(walsender.where, 'IDENTIFY_SYSTEM', error);
  }
}
