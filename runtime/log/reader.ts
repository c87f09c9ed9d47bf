import type { FileSystem } from '../file-system.ts';
import type { Closeable } from '../lifecycle.ts';
import { newestLine } from './cursor.ts';
import { DirectoryView } from './directory-view.ts';
import { readEntries } from './entries.ts';
import { fenceState } from './fence.ts';
import { parseLine } from './frame.ts';
import { checkIdentity, readIdentity, type LogIdentity } from './identity.ts';
import type { Line, LogEntry, LogReader, ReadOptions } from './log.ts';
import { logStats, type LogStats } from './stats.ts';
import { verifyLog, type VerifyStep } from './verify.ts';

export interface LogReaderOptions {
  readonly directory: string;
  readonly fileSystem: FileSystem;
  /** Where given, the log must be of this kind and name. */
  readonly kind?: string;
  readonly name?: string;
}

/** Reads a log that any process writes, or none. */
export interface SegmentLogReader<Payload> extends LogReader<Payload>, Closeable {
  readonly identity: LogIdentity;
  /**
   * Names whose entries are read: another number for each writer. Undefined while a new one recovers what the one
   * before left, and after it died at that: until another has done it, what is not sealed cannot be read.
   */
  writer(): Promise<number | undefined>;
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
  const { directory, fileSystem, kind, name } = options;
  const identity = await readIdentity(fileSystem, directory);
  const expected = { ...(kind === undefined ? {} : { kind }), ...(name === undefined ? {} : { name }) };
  checkIdentity(identity, expected, directory);
  const view = new DirectoryView(fileSystem, directory, identity.dense);
  return {
    identity,
    async head(): Promise<Line<Payload> | undefined> {
      await view.refresh();
      const text = await newestLine(view);
      return text === undefined ? undefined : parseLine<Payload>(text, 0, text.length);
    },
    read: (read: ReadOptions): AsyncIterable<readonly LogEntry<Payload>[]> =>
      readEntries<Payload>(view, read),
    writer: async () => {
      const { writer, newest } = await fenceState(fileSystem, directory);
      return newest === 0 ? 0 : writer;
    },
    stats: () => logStats(view),
    verify: (signal) => verifyLog(view, signal),
    close: async () => view.close(),
  };
}
