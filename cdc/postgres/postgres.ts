import { systemClock } from 'banyan/runtime';
import pg from 'pg';
import type { OpenOptions, Source, SourceDefinition, SourceLag, SourceStream } from '../source.ts';
import { connect, type Session } from './connection.ts';
import { failed } from './errors.ts';
import { openSource } from './open.ts';
import { checkOptions, insertsPublication, type CheckedOptions, type PostgresOptions } from './options.ts';
import { openQuerySnapshot } from './query-snapshot.ts';
import { dropSlot, untilFree } from './slot.ts';

/**
 * A Postgres database as a source, by logical replication.
 * @throws BanyanError SOURCE_OPTIONS when it is created under its name
 */
export function postgres(options: PostgresOptions): SourceDefinition {
  return {
    kind: 'postgres',
    create: (name, context) => {
      const checked = checkOptions(name, options);
      return createSource(name, context === undefined ? checked : { ...checked, logger: context.logger });
    },
  };
}

function createSource(name: string, options: CheckedOptions): Source {
  return {
    name,
    open: (given: OpenOptions): Promise<SourceStream> =>
      openSource({ name, options, clock: systemClock }, given),
    lag: () => readLag(name, options),
    snapshot: (signal) => openQuerySnapshot(name, options, signal),
  };
}

interface LagRow {
  system: string;
  timeline: number;
  lsn: string;
  retained: string | null;
}

async function readLag(name: string, options: CheckedOptions): Promise<SourceLag> {
  return withSession(options, `banyan_${name}_lag`, async ({ client }) => {
    // The insert position: pg_current_wal_lsn() lags a commit when synchronous_commit is off.
    const { rows } = await client.query<LagRow>(
      `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system,
              (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline, w.lsn::text,
              (SELECT pg_wal_lsn_diff(w.lsn, restart_lsn) FROM pg_replication_slots WHERE slot_name = $1)::text AS retained
       FROM pg_current_wal_insert_lsn() AS w (lsn)`,
      [options.slot],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('pg_current_wal_insert_lsn() gave no row.');
    const { system, timeline, lsn, retained } = row;
    return { retainedBytes: Math.max(0, Number(retained ?? 0)), end: { system, timeline, lsn } };
  });
}

/**
 * Takes back all that capturing a source made in its database: the slot and the publications. What is not there, or
 * may not be dropped because a DBA made it, is left; the slot must be free.
 * @throws BanyanError SOURCE_SLOT_TAKEN, SOURCE_UNREACHABLE
 */
export async function dropPostgresSource(name: string, given: PostgresOptions): Promise<void> {
  const options = checkOptions(name, given);
  await withSession(options, `banyan_${name}_drop`, async (session) => {
    const slot = await untilFree(session, options.slot, options.slotWaitMs);
    if (slot !== undefined) await dropSlot(session.client, options.slot);
    await session.client.query(`SET lock_timeout = '5s'`);
    for (const publication of [options.publication, insertsPublication(options)]) {
      await session.client.query(`DROP PUBLICATION IF EXISTS ${pg.escapeIdentifier(publication)}`);
    }
  });
}

async function withSession<T>(
  options: CheckedOptions,
  application: string,
  run: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await connect(options, { application });
  try {
    return await run(session);
  } catch (error) {
    throw failed(session.where, 'A statement', error);
  } finally {
    await session.close();
  }
}
