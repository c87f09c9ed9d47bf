import type { Change, ChangeLogLine, Cursor } from 'banyan/cdc';
import type { Line, LogEntry } from 'banyan/runtime';

/** A cursor of a made-up history. */
export function cursorAt(lsn: number): Cursor {
  return { system: '7000000000000000001', timeline: 1, lsn: `0/${lsn.toString(16).toUpperCase()}` };
}

/** ISO text of a made-up time, in microseconds since a made-up beginning. */
export function timeAt(microseconds: number): string {
  const milliseconds = Date.UTC(2026, 0, 1) + Math.floor(microseconds / 1000);
  const rest = String(microseconds % 1000).padStart(3, '0');
  return new Date(milliseconds).toISOString().replace('Z', `${rest}Z`);
}

/** A change log's entry in memory: one line for each list of changes. `passes` counts the readings. */
export function transactionEntry(
  position: number,
  parts: readonly (readonly Change[])[],
): LogEntry<ChangeLogLine> & { readonly passes: number } {
  let passes = 0;
  const lines = parts.map((changes, part): Line<ChangeLogLine> => {
    const last = part === parts.length - 1;
    return {
      position,
      previous: position - 1,
      part,
      last,
      kind: 'transaction',
      xid: `x${String(position)}`,
      committedAt: timeAt(position),
      logTime: timeAt(position),
      cursor: cursorAt(last ? position * 16 : position * 16 - 16),
      changes,
    };
  });
  return {
    position,
    previous: position - 1,
    single: lines.length === 1 ? lines[0] : undefined,
    lines: () => {
      passes += 1;
      return lines;
    },
    get passes() {
      return passes;
    },
  };
}
