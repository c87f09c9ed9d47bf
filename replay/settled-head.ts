import { eventLogName, type EventLogRef } from 'banyan/events';
import { BanyanError, nodeFileSystem, openLogReader, type Line, type SegmentLogReader } from 'banyan/runtime';
import { setTimeout as wait } from 'node:timers/promises';
import { eventLogDirectory } from './places.ts';

/** How long a log is waited for, milliseconds. */
const patienceMs = 60_000;
const everyMs = 50;

/** Whose log is waited for, and how. */
export interface Settling {
  /** For the message: `change log of shop`. */
  readonly what: string;
  readonly signal: AbortSignal;
  /** Milliseconds to wait at most. Default: a minute. */
  readonly limitMs?: number;
}

/**
 * The newest entry of a log; undefined when it is empty. While a new writer recovers the log, because the one before
 * was killed, a reader that was just opened sees less than there is: that is waited for. What the reader has seen once
 * it goes on seeing.
 * @throws BanyanError REPLAY_LOG_UNSETTLED; the signal's reason
 */
export async function settledHead<Payload>(
  reader: SegmentLogReader<Payload>,
  { what, signal, limitMs = patienceMs }: Settling,
): Promise<Line<Payload> | undefined> {
  const end = performance.now() + limitMs;
  for (;;) {
    signal.throwIfAborted();
    const before = await reader.writer();
    const head = await reader.head();
    if (before !== undefined && (await reader.writer()) === before) return head;
    if (performance.now() > end) throw unsettled(what);
    await wait(everyMs);
  }
}

/**
 * Waits until the event logs can be read to their ends.
 * @throws BanyanError REPLAY_LOG_UNSETTLED, LOG_*; the signal's reason
 */
export async function settleEventLogs(
  directory: string,
  logs: readonly EventLogRef[],
  signal: AbortSignal,
): Promise<void> {
  for (const log of logs) {
    const reader = await openLogReader({
      directory: eventLogDirectory(directory, log),
      fileSystem: nodeFileSystem,
    });
    await settledHead(reader, { what: `event log ${eventLogName(log)}`, signal }).finally(() =>
      reader.close(),
    );
  }
}

function unsettled(what: string): BanyanError {
  return new BanyanError(
    'REPLAY_LOG_UNSETTLED',
    `The ${what} cannot be read to its end: its writer was killed, and the next one has not put in order what it left, ` +
      'or was killed at that too. Start "banyan dev", then start the replay again.',
    { details: { log: what }, retryable: true },
  );
}
