import { setTimeout as wait } from 'node:timers/promises';
import type { FileSystem } from '../file-system.ts';
import { unsettled } from './errors.ts';
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
  /**
   * Looks again, where looking is needed. False: what is durable is not all to be seen for now, since another writer is
   * finding out what the one before left; see `refreshWhole`.
   */
  refresh(): Promise<boolean>;
  /** A file that it named is gone: finds out why. @throws BanyanError LOG_FENCED for a writer that was overtaken */
  lookAgain(): Promise<void>;
  /** Rings when there may be more to read. Only while `watch` is open, for a view that must watch. */
  readonly changes: Wakeup;
  watch(): { close(): void };
  readonly closed: boolean;
  /** How long a look that is not whole is repeated, milliseconds. */
  readonly patienceMs: number;
}

/** Milliseconds between looks at a log that cannot be seen whole. */
const everyMs = 10;

/**
 * Looks until all is seen that was durable by now, or has been shown to any other reader: who decides something by the
 * end of a log must not miss what it has been told of before.
 * @param isOver the reader needs it no more
 * @throws BanyanError LOG_UNSETTLED
 */
export async function refreshWhole(view: LogView, isOver: () => boolean = () => view.closed): Promise<void> {
  const end = performance.now() + view.patienceMs;
  while (!(await view.refresh())) {
    if (isOver()) return;
    if (performance.now() >= end) throw unsettled(view.directory);
    await wait(everyMs);
  }
}
