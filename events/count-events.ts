import { BanyanError, type LogReader } from 'banyan/runtime';
import { createBreather } from './breather.ts';
import { eventLogName, type EventLogRef, type LogCursor } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import { firstPosition, isWithin } from './read-events.ts';
import { countTypes, type TypeCounts } from './tally-fold.ts';

/**
 * How many events of each type a part of an event log holds, counted from the log itself: for a range that no tally
 * covers. A type that does not occur is absent.
 * @param after count behind this cursor; undefined: from the beginning
 * @param to the last position counted, whole
 * @throws BanyanError EVENT_LOG_SHORT (retryable) when the log does not reach so far durably; LOG_CORRUPT
 */
export async function countEvents(
  reader: LogReader<EventLogLine>,
  ref: EventLogRef,
  after: LogCursor | undefined,
  to: number,
): Promise<Record<string, number>> {
  const from = firstPosition(after);
  if (from > to) return {};
  const end = (await reader.head())?.position ?? 0;
  if (end < to) throw eventLogShort(ref, to, end);
  const counts: TypeCounts = new Map();
  const breather = createBreather();
  for await (const batch of reader.read({ from, to })) {
    for (const entry of batch) {
      for (const line of entry.single ? [entry.single] : entry.lines()) {
        if (line.kind === 'tick') continue;
        countTypes(counts, line.events, isWithin(after, line.position) ? after.index + 1 - line.first : 0);
        if (breather.isDue()) await breather.breathe();
      }
    }
  }
  return Object.fromEntries(counts);
}

function eventLogShort(ref: EventLogRef, to: number, end: number): BanyanError {
  const log = eventLogName(ref);
  return new BanyanError(
    'EVENT_LOG_SHORT',
    `Events of ${log} were to be counted up to position ${String(to)}, and it is durable up to ${String(end)}. Try ` +
      `again once its translator has come so far; if it has run already, this is another log, or an older state of it.`,
    { details: { log, to, end }, retryable: true },
  );
}
