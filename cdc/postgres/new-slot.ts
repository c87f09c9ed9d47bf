import { BanyanError, type Logger } from 'banyan/runtime';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { connect, type Session } from './connection.ts';
import { codeOf, failed, said } from './errors.ts';
import type { Place } from './history.ts';
import type { CheckedOptions } from './options.ts';
import { connectWalsender, noReplication, noSlotsLeft, type Server } from './preflight.ts';
import type { SelectedTable } from './select-tables.ts';
import { dropSlot } from './slot.ts';
import { readColumns } from './table-catalog.ts';
import { enterSnapshot, snapshotSettings, type Snapshot } from './snapshot.ts';

/** What making a slot needs. */
export interface NewSlot {
  readonly options: CheckedOptions;
  readonly server: Server;
  readonly application: string;
  readonly place: Place;
  readonly tables: readonly SelectedTable[];
  /** An ordinary session, to drop a slot that came to nothing. */
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

const attempts = 5;

/**
 * Makes the slot and enters the snapshot that belongs to it: what committed before the slot's point is in the
 * snapshot, what commits after it will be streamed. Tried again when a table was rewritten in just that moment.
 */
export async function createSlotWithSnapshot(given: NewSlot): Promise<Snapshot> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const snapshot = await tryOnce(given);
    if (snapshot !== undefined) return snapshot;
    given.logger.info('A table was rewritten or altered as the snapshot began; beginning again.');
    await dropSlot(given.session.client, given.options.slot);
  }
  throw new BanyanError(
    'SOURCE_LOCKED',
    `${given.session.where}: tables were rewritten or truncated at the beginning of each of ${String(attempts)} ` +
      'attempts at a snapshot. Try again when that has ended.',
    { retryable: true },
  );
}

async function tryOnce(given: NewSlot): Promise<Snapshot | undefined> {
  const { options, application, tables } = given;
  const walsender = await connectWalsender(options, application, given.server);
  let reader: Session | undefined;
  try {
    given.logger.info(
      { slot: options.slot },
      'Making the replication slot; this waits for the transactions that run now.',
    );
    const { slot } = options;
    const { session, signal } = given;
    const { role } = given.server;
    const made = await createSlot(walsender, { slot, temporary: false, role, session, signal });
    const { consistentPoint, exported } = made;
    reader = await connect(options, { application: `${application}_snapshot`, settings: snapshotSettings });
    const { system, timeline } = given.place;
    const cursor = { system, timeline, lsn: consistentPoint };
    const snapshot = await enterSnapshot(reader, exported, cursor, tables);
    if (snapshot !== undefined && (await isUnaltered(snapshot, given))) return snapshot;
    await reader.close();
    return undefined;
  } catch (error) {
    await reader?.close();
    throw error;
  } finally {
    // The exported snapshot lives until here; whoever entered it keeps it.
    await walsender.close();
  }
}

/** COPY reads by today's catalog, so the columns must still be those of the snapshot; the locks keep them so. */
async function isUnaltered(snapshot: Snapshot, given: NewSlot): Promise<boolean> {
  const today = await readColumns(
    given.session.client,
    given.tables.map(({ oid }) => oid),
  );
  return isDeepStrictEqual(today, snapshot.columns);
}

/** A slot to be made. */
interface SlotToMake {
  readonly slot: string;
  /** It goes with its session. */
  readonly temporary: boolean;
  readonly role: string;
  /** An ordinary session, to end the waiting for other transactions. */
  readonly session: Session;
  readonly signal: AbortSignal;
}

/**
 * Makes a slot and exports the snapshot that belongs to it: it sees exactly what committed before the slot's point,
 * and can be entered as long as the session does nothing else. Waits for the transactions that run now.
 * @throws BanyanError SOURCE_NO_SLOTS_LEFT, SOURCE_NO_REPLICATION
 */
export async function createSlot(
  walsender: Session,
  given: SlotToMake,
): Promise<{ readonly consistentPoint: string; readonly exported: string }> {
  const { slot } = given;
  const stop = await terminator(walsender, given.session);
  given.signal.addEventListener('abort', stop, { once: true });
  try {
    given.signal.throwIfAborted();
    // The syntax that every version since 10 understands; it exports its snapshot.
    const { rows } = await walsender.client.query<{ consistent_point: string; snapshot_name: string }>(
      `CREATE_REPLICATION_SLOT ${pg.escapeIdentifier(slot)}${given.temporary ? ' TEMPORARY' : ''} LOGICAL pgoutput EXPORT_SNAPSHOT`,
    );
    const [row] = rows;
    if (row === undefined) throw new Error('CREATE_REPLICATION_SLOT gave no row.');
    return { consistentPoint: row.consistent_point, exported: row.snapshot_name };
  } catch (error) {
    if (codeOf(error) === '53400') throw noSlotsLeft(walsender.where, said(error), error);
    if (codeOf(error) === '42501') throw noReplication(walsender, given.role, error);
    throw failed(walsender.where, `Making the replication slot "${slot}"`, error);
  } finally {
    given.signal.removeEventListener('abort', stop);
  }
}

/** A server that makes a slot does not notice that its client has gone; it must be told on another connection. */
async function terminator(walsender: Session, other: Session): Promise<() => void> {
  const { rows } = await walsender.client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return () => {
    other.client.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]).catch(() => undefined);
  };
}
