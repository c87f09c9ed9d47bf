import type { FileSystem } from '../file-system.ts';
import type { Closeable } from '../lifecycle.ts';
import { newestLine } from './cursor.ts';
import { DirectoryView } from './directory-view.ts';
import { readEntries } from './entries.ts';
import { parseLine } from './frame.ts';
import { checkIdentity, readIdentity, type LogIdentity } from './identity.ts';
import type { Line, LogEntry, LogReader, ReadOptions } from './log.ts';
import { logStats, type LogStats } from './stats.ts';
import { verifyLog, type VerifyStep } from './verify.ts';
import { refreshWhole } from './view.ts';

export interface LogReaderOptions {
  readonly directory: string;
  readonly fileSystem: FileSystem;
  /** Where given, the log must be of this kind and name. */
  readonly kind?: string;
  readonly name?: string;
  /**
   * How long a log is waited for whose new writer is finding out what the one before left, milliseconds. Default 30,000;
   * it takes the time to read what is not sealed, 64 MiB as a rule.
   */
  readonly patienceMs?: number;
}

/**
 * Reads a log that any process writes, or none. Whatever it is asked, it knows of all that was durable by then, and of
 * all that any reader has shown by then; where it cannot tell, it waits, and then refuses (LOG_UNSETTLED, retryable).
 * Only whoever follows is given what can be seen meanwhile.
 */
export interface SegmentLogReader<Payload> extends LogReader<Payload>, Closeable {
  readonly identity: LogIdentity;
  /** How much is in the log. */
  stats(): Promise<LogStats>;
  /** Checks every checksum, the chain of positions and the indexes, and goes on behind what is damaged. */
  verify(signal?: AbortSignal): AsyncIterable<VerifyStep>;
}

/**
 * Opens a log to read. Readers that follow are woken when the directory changes.
 * @throws BanyanError LOG_NOT_FOUND, LOG_MISMATCH, LOG_FORMAT_UNKNOWN
 */
export async function openLogReader<Payload>(options: LogReaderOptions): Promise<SegmentLogReader<Payload>> {
  const { directory, fileSystem, kind, name, patienceMs = 30_000 } = options;
  const identity = await readIdentity(fileSystem, directory);
  const expected = { ...(kind === undefined ? {} : { kind }), ...(name === undefined ? {} : { name }) };
  checkIdentity(identity, expected, directory);
  const view = new DirectoryView({ fileSystem, directory, dense: identity.dense, patienceMs });
  return {
    identity,
    async head(): Promise<Line<Payload> | undefined> {
      await refreshWhole(view);
      const text = await newestLine(view);
      return text === undefined ? undefined : parseLine<Payload>(text, 0, text.length);
    },
    read: (read: ReadOptions): AsyncIterable<readonly LogEntry<Payload>[]> =>
      readEntries<Payload>(view, read),
    stats: () => logStats(view),
    verify: (signal) => verifyLog(view, signal),
    close: async () => view.close(),
  };
}
