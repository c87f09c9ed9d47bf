import type { Closeable, LogReader } from 'banyan/runtime';
import type { ChangeLogLine, Cursor } from '../change.ts';
import type { SourceLag } from '../source.ts';
import { CaptureLoop, type CaptureParts, type SourceState } from './capture-loop.ts';
import { runUntilClosed, type Outcome } from './run-until-closed.ts';

/** What a capture is doing. */
export type CaptureState = SourceState | Outcome;

/** How far a capture is. */
export interface CaptureStatus {
  /** The source's name. */
  readonly source: string;
  readonly state: CaptureState;
  /** Position of the last transaction or tick in the change log, 0 for none. */
  readonly position: number;
  /** Up to which position the change log is durable. */
  readonly durable: number;
  /** The cursor at `position`: the source is asked for what is behind it. */
  readonly cursor: Cursor | undefined;
  /** The log time at `position`, ISO 8601 with microseconds. */
  readonly logTime: string | undefined;
  /** Logged since the capture started. */
  readonly transactions: number;
  readonly changes: number;
}

/** A capture that was started. */
export interface Capture extends Closeable {
  readonly source: string;
  /** Resolves after `close`, rejects with what stopped it. */
  readonly ended: Promise<void>;
  status(): CaptureStatus;
  /** Asks the source how far it is ahead. @throws BanyanError SOURCE_* */
  lag(): Promise<SourceLag>;
  /** The change log, for readers in this process. */
  readonly changeLog: LogReader<ChangeLogLine>;
}

/** Runs a capture until it is closed or fails; `release` closes its parts. */
export function runCapture(parts: CaptureParts, outer: AbortSignal, release: () => Promise<void>): Capture {
  const { source, changeLog, logger } = parts;
  const failed = (err: Error): void => {
    logger.error({ err, source: source.name, position: changeLog.position }, 'capture stopped');
  };
  const run = runUntilClosed((signal, fail) => new CaptureLoop(parts, signal, fail), release, failed, outer);
  return {
    source: source.name,
    ended: run.ended,
    changeLog,
    status: () => {
      const { position, durable, cursor, logTime } = changeLog;
      const state = run.outcome ?? run.work.state;
      return { source: source.name, state, position, durable, cursor, logTime, ...run.work.counts };
    },
    lag: () => source.lag(),
    close: () => run.close(),
  };
}
