import { compareCursors, type ChangeLogLine, type Cursor } from 'banyan/cdc';
import { eventLogName } from 'banyan/events';
import { covers, type Generation, type ViewStore } from 'banyan/projections';
import { BanyanError, type Line, type LogEntry, type LogReader } from 'banyan/runtime';

/** A place in a change log and in its database's own history. */
export interface Place {
  /** 0: before everything. */
  readonly position: number;
  /** Of the entry there, or of a snapshot that sees exactly the entries up to it; undefined at 0. */
  readonly cursor: Cursor | undefined;
}

/**
 * The last position of the change log that is at or before the cursor: the transactions up to it are those that a
 * snapshot at the cursor sees. Waits until the log has come beyond the cursor, so that none is missing.
 * @param from a place that the log had reached before the snapshot was made
 * @throws BanyanError VERIFY_OTHER_DATABASE; what the signal aborts with
 */
export async function cutAt(
  log: LogReader<ChangeLogLine>,
  from: Place,
  cursor: Cursor,
  signal: AbortSignal,
): Promise<number> {
  let cut = from.position;
  if (from.cursor) refuseOther(from.cursor, cursor);
  if (from.cursor && compareCursors(from.cursor, cursor) > 0) throw olderCopy(from.cursor, cursor);
  for await (const batch of log.read({ from: cut + 1, follow: true, signal })) {
    for (const entry of batch) {
      const at = lastLine(entry).cursor;
      refuseOther(at, cursor);
      const order = compareCursors(at, cursor);
      if (order <= 0) cut = entry.position;
      if (order >= 0) return cut;
    }
  }
  signal.throwIfAborted();
  throw new BanyanError('VERIFY_INTERRUPTED', 'The change log was closed while it was read.');
}

/** A transaction's own cursor is on its last line. */
function lastLine(entry: LogEntry<ChangeLogLine>): Line<ChangeLogLine> {
  let last = entry.single;
  if (last) return last;
  for (const line of entry.lines()) last = line;
  if (last) return last;
  throw new Error(`position ${String(entry.position)} has no line`);
}

function refuseOther(log: Cursor, database: Cursor): void {
  if (log.system === database.system && log.timeline === database.timeline) return;
  const where = ({ system, timeline }: Cursor): string => `${system}, timeline ${String(timeline)}`;
  throw new BanyanError(
    'VERIFY_OTHER_DATABASE',
    `The source is on the history ${where(database)}, its change log on ${where(log)}: they cannot be compared. ` +
      'Connect to the database that was captured.',
    { details: { database: { ...database }, log: { ...log } } },
  );
}

function olderCopy(log: Cursor, database: Cursor): BanyanError {
  return new BanyanError(
    'VERIFY_OTHER_DATABASE',
    `The source's history ends at ${database.lsn}, its change log is at ${log.lsn} already: an older copy of the ` +
      'database runs. Connect to the database that was captured.',
    { details: { database: { ...database }, log: { ...log } } },
  );
}

/** Waits until the generation has everything of that source up to the position. @throws what the signal aborts with */
export async function untilCovered(
  store: ViewStore,
  generation: Generation,
  source: string,
  position: number,
  signal: AbortSignal,
): Promise<void> {
  const logs = generation.logs.filter((log) => log.source === source);
  const wanted = Object.fromEntries(logs.map((log) => [eventLogName(log), { position }]));
  while (!covers(await store.progress(generation), wanted)) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
