import { BanyanError } from 'banyan/runtime';
import type pg from 'pg';
import type { Session } from './connection.ts';

/** A replication slot, as `pg_replication_slots` shows it. */
export interface Slot {
  readonly name: string;
  /** Undefined for a physical slot. */
  readonly plugin: string | undefined;
  readonly database: string | undefined;
  /** Who reads it now: process id, and what is known of it. */
  readonly holder: string | undefined;
  readonly confirmedLsn: string | undefined;
  /** Why it can no longer be read; undefined when it can. */
  readonly lost: string | undefined;
}

interface SlotRow {
  slot_name: string;
  plugin: string | null;
  database: string | null;
  active: boolean;
  active_pid: number | null;
  application_name: string | null;
  client_addr: string | null;
  usename: string | null;
  confirmed_flush_lsn: string | null;
  wal_status: string | null;
  invalidation_reason: string | null;
}

/** Reads the slot; undefined when there is none. */
async function readSlot(client: pg.Client, name: string): Promise<Slot | undefined> {
  // Columns that newer versions have are taken from JSON, so that one statement serves all.
  const { rows } = await client.query<SlotRow>(
    `SELECT s.slot_name, s.plugin, s.database, s.active, s.active_pid, a.application_name,
            host(a.client_addr) AS client_addr, a.usename, s.confirmed_flush_lsn::text,
            to_jsonb(s) ->> 'wal_status' AS wal_status, to_jsonb(s) ->> 'invalidation_reason' AS invalidation_reason
     FROM pg_replication_slots s LEFT JOIN pg_stat_activity a ON a.pid = s.active_pid
     WHERE s.slot_name = $1`,
    [name],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    name,
    plugin: row.plugin ?? undefined,
    database: row.database ?? undefined,
    holder: row.active ? holder(row) : undefined,
    confirmedLsn: row.confirmed_flush_lsn ?? undefined,
    lost: row.invalidation_reason ?? (row.wal_status === 'lost' ? 'wal_removed' : undefined),
  };
}

function holder(row: SlotRow): string {
  const known = [
    row.application_name && `application ${row.application_name}`,
    row.usename && `role ${row.usename}`,
    row.client_addr && `from ${row.client_addr}`,
  ].filter((text) => typeof text === 'string' && text !== '');
  return [`process ${String(row.active_pid)}`, ...known].join(', ');
}

/** @throws BanyanError SOURCE_SLOT_FOREIGN when the slot is not one that this source can read. */
export function checkSlotIsOurs(slot: Slot, database: string): void {
  if (slot.plugin === 'pgoutput' && slot.database === database) return;
  throw new BanyanError(
    'SOURCE_SLOT_FOREIGN',
    `The replication slot "${slot.name}" exists, of the plugin ${slot.plugin ?? '(physical)'} in the database ` +
      `${slot.database ?? '(none)'}; expected pgoutput in ${database}. Give this source another name by the ` +
      'option "slot", or let the slot\'s owner drop it.',
    { details: { slot: slot.name, plugin: slot.plugin ?? null, database: slot.database ?? null } },
  );
}

export function slotTaken(
  where: string,
  slot: string,
  holder: string | undefined,
  cause?: unknown,
): BanyanError {
  return new BanyanError(
    'SOURCE_SLOT_TAKEN',
    `The replication slot "${slot}" of ${where} is being read by ${holder ?? 'another process'}. One capture reads ` +
      'a slot: stop the other one, or give this source another slot by the option "slot".',
    { retryable: true, cause, details: { slot, holder: holder ?? null } },
  );
}

/** Waits while somebody holds the slot; a killed process holds it until the server notices. */
export async function untilFree(session: Session, name: string, waitMs: number): Promise<Slot | undefined> {
  const end = Date.now() + waitMs;
  for (;;) {
    const slot = await readSlot(session.client, name);
    if (slot?.holder === undefined) return slot;
    if (Date.now() >= end) throw slotTaken(session.where, name, slot.holder);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Drops a slot that nobody reads. */
export async function dropSlot(client: pg.Client, name: string): Promise<void> {
  await client.query('SELECT pg_drop_replication_slot($1)', [name]);
}
