import { BanyanError } from 'banyan/runtime';
import type { Cursor } from '../change.ts';
import { parseLsn } from './lsn.ts';
import type { Slot } from './slot.ts';

/** Where the database is. */
export interface Place {
  readonly system: string;
  readonly timeline: number;
  /** The end of its durable WAL. */
  readonly lsn: string;
}

/**
 * Why the database cannot go on from where the log stands; undefined when it can.
 * A pure function: G1 says that Banyan stops here, and that only a repair goes on, with a recorded gap.
 */
export function brokenHistory(after: Cursor, now: Place, slot: Slot | undefined): string | undefined {
  if (now.system !== after.system) {
    return `it is another database cluster: system identifier ${now.system}, the log has ${after.system}`;
  }
  if (now.timeline !== after.timeline) {
    return (
      `it is on timeline ${String(now.timeline)}, the log on ${String(after.timeline)}: it failed over ` +
      'or was restored to a point in time'
    );
  }
  if (parseLsn(now.lsn) < parseLsn(after.lsn)) {
    return `its WAL ends at ${now.lsn}, the log stands at ${after.lsn}: an older copy of it was restored`;
  }
  if (slot === undefined) return 'the replication slot is gone, and with it the WAL that the log has not';
  if (slot.lost !== undefined) {
    return `the replication slot was invalidated (${slot.lost}): the server removed WAL that the log has not`;
  }
  if (slot.confirmedLsn !== undefined && parseLsn(slot.confirmedLsn) > parseLsn(after.lsn)) {
    return (
      `the replication slot has moved on to ${slot.confirmedLsn}, the log stands at ${after.lsn}: something else ` +
      'read the slot, or the log is an older copy'
    );
  }
  return undefined;
}

/** The error that stops capture. */
export function historyBroken(where: string, slot: string, why: string): BanyanError {
  return new BanyanError(
    'SOURCE_HISTORY_BROKEN',
    `${where} cannot continue from where the change log stands (slot "${slot}"): ${why}. Changes may be missing, so ` +
      'nothing more is captured. If this is the wrong database or the wrong log, correct the configuration; if ' +
      'history is really lost, begin a new change log with a new snapshot.',
    { details: { where, slot, why } },
  );
}
