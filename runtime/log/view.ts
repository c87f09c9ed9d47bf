import type { FileSystem } from '../file-system.ts';
import type { Mark } from './scan.ts';
import type { SegmentFile } from './segment-name.ts';
import type { Wakeup } from './wakeup.ts';

/** A segment as far as it may be read. */
export interface Segment {
  readonly file: SegmentFile;
  /** Bytes of a raw segment that are durable and hold whole entries; undefined for a sealed one: all of it. */
  readonly readable: number | undefined;
  /** Where lines begin within a raw segment. */
  readonly marks: readonly Mark[];
}

/**
 * What of a log is durable, and in which files: the writer knows it; another process finds it out.
 * The last readable byte is the end of an entry.
 */
export interface LogView {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  /** Whether positions have no gaps. */
  readonly dense: boolean;
  /** The segments in order. */
  segments(): readonly Segment[];
  /** Looks again, where looking is needed. */
  refresh(): Promise<void>;
  /** A file that it named is gone: finds out why. @throws BanyanError LOG_FENCED for a writer that was overtaken */
  lookAgain(): Promise<void>;
  /** Rings when there may be more to read. Only while `watch` is open, for a view that must watch. */
  readonly changes: Wakeup;
  watch(): { close(): void };
  readonly closed: boolean;
}
