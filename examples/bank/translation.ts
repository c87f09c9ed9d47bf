import { translation } from 'banyan/events';
import * as events from './events.ts';
import { bank } from './tables.ts';

/**
 * pgbench's bank. Movements are told as differences, so that a view that counts one twice, or not at all, is wrong
 * for good: the tests rest on that.
 */
export const movements = translation('movements', bank, {
  version: 1,
  *translate(tx) {
    for (const change of tx.changes()) {
      switch (change.table) {
        case 'accounts':
          if (change.op === 'existing' || change.op === 'insert') {
            const { aid, bid, abalance } = change.after;
            yield events.AccountOpened({ id: aid, branch: bid ?? 0, balance: abalance ?? 0 });
          } else if (change.op === 'update') {
            yield events.AccountMoved({
              id: change.after.aid,
              delta: difference(change.before.abalance, change.after.abalance),
            });
          }
          break;
        case 'tellers':
          if (change.op === 'existing' || change.op === 'insert') {
            const { tid, bid, tbalance } = change.after;
            yield events.TellerOpened({ id: tid, branch: bid ?? 0, balance: tbalance ?? 0 });
          } else if (change.op === 'update') {
            yield events.TellerMoved({
              id: change.after.tid,
              delta: difference(change.before.tbalance, change.after.tbalance),
            });
          }
          break;
        case 'branches':
          if (change.op === 'existing' || change.op === 'insert') {
            yield events.BranchOpened({ id: change.after.bid, balance: change.after.bbalance ?? 0 });
          } else if (change.op === 'update') {
            yield events.BranchMoved({
              id: change.after.bid,
              delta: difference(change.before.bbalance, change.after.bbalance),
            });
          }
          break;
        case 'history':
          if (change.op === 'existing' || change.op === 'insert') {
            const { aid, tid, bid, delta, mtime } = change.after;
            yield events.MovementBooked({
              account: aid ?? 0,
              teller: tid ?? 0,
              branch: bid ?? 0,
              delta: delta ?? 0,
              bookedAt: mtime ?? '',
            });
          }
          break;
      }
    }
  },
});

function difference(before: number | null, after: number | null): number {
  return (after ?? 0) - (before ?? 0);
}
