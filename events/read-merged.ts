import type { LogReader } from 'banyan/runtime';
import {
  eventLogName,
  type DomainEvent,
  type EventLogRef,
  type LogCursor,
  type Progress,
} from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import { createMerge, type Merge } from './merge.ts';
import { readEvents, type EventChunk } from './read-events.ts';

/** The durable end of an event log, as it was looked at. */
export interface LogEnd {
  readonly position: number;
  /** The log time there. */
  readonly logTime: string;
}

/** For each event log, by name, up to where it is read. A log that is missing is empty. */
export type LogEnds = Readonly<Record<string, LogEnd>>;

/** A log to merge. */
export interface MergedLog {
  readonly log: EventLogRef;
  readonly reader: LogReader<EventLogLine>;
}

/** Which part of the logs. */
export interface ReadMergedOptions {
  /** Read behind this. */
  readonly from: Progress;
  /** Up to where each log is read; see {@link logEnds}. */
  readonly to: LogEnds;
  /** Event types wanted; absent: all. */
  readonly types?: ReadonlySet<string>;
  /** Aim for the bytes of what is read at once from one log. Default 256 KiB. */
  readonly batchBytes?: number;
}

/** Some events in order key order, and up to where everything was read. */
export interface MergedEvents {
  readonly events: readonly DomainEvent[];
  readonly progress: Progress;
}

const defaultBytes = 256 * 1024;

/** Where the logs end now. */
export async function logEnds(logs: readonly MergedLog[]): Promise<LogEnds> {
  const ends = await Promise.all(
    logs.map(async ({ log, reader }) => [eventLogName(log), await reader.head()] as const),
  );
  return Object.fromEntries(
    ends.flatMap(([name, head]) =>
      head ? [[name, { position: head.position, logTime: head.logTime }] as const] : [],
    ),
  );
}

/**
 * The events of several logs, merged by order key, up to the frontier at those ends: no further than where an event
 * behind an end could still come first. For the same ends the events are the same, whoever reads and from wherever.
 * @throws BanyanError LOG_CORRUPT
 */
export async function* readMerged(
  logs: readonly MergedLog[],
  options: ReadMergedOptions,
): AsyncGenerator<MergedEvents, void> {
  const [only] = logs;
  if (only && logs.length === 1) {
    // No other log can overtake it.
    const name = eventLogName(only.log);
    for await (const { events, cursor } of chunksOf(only, options))
      yield { events, progress: { ...options.from, [name]: cursor } };
    return;
  }
  yield* mergeAll(logs, options);
}

async function* mergeAll(
  logs: readonly MergedLog[],
  options: ReadMergedOptions,
): AsyncGenerator<MergedEvents, void> {
  const merge = createMerge(
    logs.map(({ log }) => log),
    options.from,
  );
  const reading = logs.map((log) => ({ log: log.log, chunks: chunksOf(log, options), ended: false }));
  try {
    for (;;) {
      const isMore = await fill(merge, reading);
      const { events, progress, moved } = merge.take({ events: 4096, bytes: Infinity });
      if (moved || events.length > 0) yield { events, progress };
      else if (!isMore) return;
    }
  } finally {
    for (const { chunks } of reading) await chunks.return();
  }
}

/** Reads each log as far as the merge has room for it; false when nothing was read. */
async function fill(
  merge: Merge,
  reading: readonly { log: EventLogRef; chunks: AsyncGenerator<EventChunk, void>; ended: boolean }[],
): Promise<boolean> {
  let isMore = false;
  for (const one of reading) {
    while (!one.ended && merge.hasRoom(one.log)) {
      const { done, value } = await one.chunks.next();
      if (done) one.ended = true;
      else merge.push(one.log, value);
      isMore = true;
    }
  }
  return isMore;
}

async function* chunksOf(
  { log, reader }: MergedLog,
  { from, to, types, batchBytes = defaultBytes }: ReadMergedOptions,
): AsyncGenerator<EventChunk, void> {
  const name = eventLogName(log);
  const end = to[name];
  const after = from[name];
  if (!end) return;
  if (after && isAtEnd(after, end)) {
    // Nothing is new in this log: its end still tells up to which time the others need not wait for it.
    yield { events: [], cursor: after, logTime: end.logTime };
    return;
  }
  yield* readEvents(reader, log, {
    to: end.position,
    batchBytes,
    ...(after && { after }),
    ...(types && { types }),
  });
}

function isAtEnd(after: LogCursor, end: LogEnd): boolean {
  return after.position > end.position || (after.position === end.position && after.index === undefined);
}
