import type { LogEntry, LogReader } from 'banyan/runtime';
import type { DomainEvent, EventLogRef, LogCursor } from './domain-event.ts';
import { eventsOfLine, type EventLogLine } from './event-log.ts';

/** Some events of one log, in order. */
export interface EventChunk {
  /** The wanted events behind the chunk before, up to `cursor`. May be empty. */
  readonly events: readonly DomainEvent[];
  /** Up to where the log was read, this chunk included. */
  readonly cursor: LogCursor;
  /** The log time at `cursor`: no later event of the log has a lower one. */
  readonly logTime: string;
}

/** What to read of an event log. */
export interface ReadEventsOptions {
  /** Read behind this cursor; absent: from the beginning. */
  readonly after?: LogCursor;
  /** The last position wanted; absent: up to the durable end. */
  readonly to?: number;
  /** Event types wanted; absent: all. */
  readonly types?: ReadonlySet<string>;
  /** True: wait at the end for more, until `signal` aborts. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  /** Aim for the bytes of a chunk. */
  readonly batchBytes?: number;
}

/**
 * Reads the durable events of a log in chunks of bounded size: a large transaction is several, small ones share one.
 * @throws BanyanError LOG_CORRUPT
 */
export async function* readEvents(
  reader: LogReader<EventLogLine>,
  log: EventLogRef,
  options: ReadEventsOptions = {},
): AsyncGenerator<EventChunk, void> {
  const { after, types, ...reading } = options;
  for await (const batch of reader.read({ ...reading, from: firstPosition(after) })) {
    yield* chunksOf(batch, log, after, types);
  }
}

function* chunksOf(
  batch: readonly LogEntry<EventLogLine>[],
  log: EventLogRef,
  after: LogCursor | undefined,
  types: ReadonlySet<string> | undefined,
): Generator<EventChunk, void> {
  let open: { events: DomainEvent[]; cursor: LogCursor; logTime: string } | undefined;
  for (const entry of batch) {
    for (const line of entry.single ? [entry.single] : entry.lines()) {
      const events = line.kind === 'tick' ? [] : eventsOfLine(log, line, types);
      const unread = isWithin(after, line.position) ? events.filter((e) => e.index > after.index) : events;
      const cursor = line.last || line.kind === 'tick' ? { position: line.position } : endOf(line);
      open ??= { events: [], cursor, logTime: line.logTime };
      open.events.push(...unread);
      open = { ...open, cursor, logTime: line.logTime };
      if (entry.single) continue;
      yield open;
      open = undefined;
    }
  }
  if (open) yield open;
}

/** The position of the first entry that has anything behind a cursor. */
export function firstPosition(after: LogCursor | undefined): number {
  if (after === undefined) return 1;
  return after.index === undefined ? after.position + 1 : after.position;
}

/** Whether a part of the position's events lies before the cursor. */
export function isWithin(after: LogCursor | undefined, position: number): after is Required<LogCursor> {
  return after?.index !== undefined && after.position === position;
}

function endOf(line: { position: number; first: number; events: readonly unknown[] }): LogCursor {
  return { position: line.position, index: line.first + line.events.length - 1 };
}
