import { BanyanError, isBanyanError, toError, type Clock, type Logger } from 'banyan/runtime';
import type { Cursor } from '../change.ts';
import { createGroupCommit, type GroupCommit } from '../change-log-commit.ts';
import type { ChangeLog, TransactionAppend } from '../change-log.ts';
import type { SnapshotProgress, Source, SourceChange, SourceMessage, SourceStream } from '../source.ts';
import { backOff, pause } from './back-off.ts';
import { idleTicks, type IdleTicks } from './idle-ticks.ts';
import type { RowState } from './row-state.ts';

/** What a capture works on. */
export interface CaptureParts {
  readonly source: Source;
  readonly changeLog: ChangeLog;
  /** As of the change log's head. */
  readonly rows: RowState;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onSnapshotProgress: (progress: SnapshotProgress) => void;
  readonly onDurable: (position: number) => void;
  readonly tickEveryMs: number;
  readonly retryAfterMs: number;
}

/** What the capture is doing with its source. */
export type SourceState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'streaming' }
  /** The source was lost; it is opened again. */
  | { readonly kind: 'waiting'; readonly code: string; readonly attempt: number };

/** The work of a capture: messages of a source in, change log out. */
export class CaptureLoop {
  state: SourceState = { kind: 'opening' };
  /** Since the start. */
  readonly counts = { transactions: 0, changes: 0 };
  readonly #parts: CaptureParts;
  readonly #signal: AbortSignal;
  readonly #commit: GroupCommit;
  readonly #ticks: IdleTicks;
  #stream: SourceStream | undefined;
  #open: TransactionAppend | undefined;
  #attempt = 0;
  /** Whether the source could be opened at all: what cannot be opened at the start is told, not waited for. */
  #wasOpen = false;

  /** @param failed told of a failure to make things durable */
  constructor(parts: CaptureParts, signal: AbortSignal, failed: (error: unknown) => void) {
    this.#parts = parts;
    this.#signal = signal;
    this.#commit = createGroupCommit(() => this.#makeDurable(), failed);
    this.#ticks = idleTicks(parts.clock, parts.tickEveryMs, (at, cursor) => {
      try {
        parts.changeLog.tick(at, cursor);
        this.#commit.request();
      } catch (error) {
        failed(error);
      }
    });
  }

  /** Captures until the signal aborts; opens the source again when it was lost. @throws what cannot be retried */
  async run(): Promise<void> {
    while (!this.#isEnding()) {
      try {
        await this.#follow();
      } catch (error) {
        if (this.#isEnding()) return;
        await this.#waitToRetry(error);
      }
    }
  }

  /** Resolves when everything committed is durable. */
  drained(): Promise<void> {
    return this.#commit.drained();
  }

  #isEnding(): boolean {
    return this.#signal.aborted;
  }

  /** Follows one stream to its end. */
  async #follow(): Promise<void> {
    const { source, changeLog, onSnapshotProgress } = this.#parts;
    this.state = { kind: 'opening' };
    const stream = await source.open({ after: changeLog.cursor, signal: this.#signal, onSnapshotProgress });
    this.#stream = stream;
    this.#wasOpen = true;
    const closeStream = (): void => void stream.close().catch(() => undefined);
    this.#signal.addEventListener('abort', closeStream, { once: true });
    this.state = { kind: 'streaming' };
    try {
      for await (const batch of stream.messages) {
        await this.#take(batch);
        this.#attempt = 0;
        if (this.#isEnding()) return;
      }
      // Not closed by us and yet at its end: as lost as by an error.
      if (!this.#isEnding()) throw endedEarly(source.name);
    } finally {
      this.#signal.removeEventListener('abort', closeStream);
      this.#stream = undefined;
      this.#ticks.forget();
      await this.#abortTransaction();
      await stream.close();
    }
  }

  async #take(batch: readonly SourceMessage[]): Promise<void> {
    const before = this.#parts.changeLog.position;
    for (const message of batch) {
      switch (message.kind) {
        case 'begin':
          this.#begin(message.xid, message.committedAt);
          break;
        case 'change':
          await this.#add(message.change);
          break;
        case 'commit':
          await this.#end(message.cursor);
          break;
        case 'idle':
          if (!this.#open) this.#ticks.idle(message.at, message.cursor);
      }
    }
    if (this.#parts.changeLog.position > before) this.#commit.request();
    await this.#parts.changeLog.ready();
  }

  #begin(xid: string, committedAt: string): void {
    this.#ticks.forget();
    this.#open = this.#parts.changeLog.begin(xid, committedAt);
    this.#parts.rows.begin(this.#open.position);
  }

  async #add(change: SourceChange): Promise<void> {
    const { rows } = this.#parts;
    const open = this.#opened();
    for (const whole of rows.complete(change)) {
      const written = whole && open.add(whole.change, whole.schema);
      // Most changes need no waiting, and each await costs.
      if (written) await written;
      if (rows.full) await rows.ready();
      if (whole) this.counts.changes += 1;
    }
  }

  async #end(cursor: Cursor): Promise<void> {
    const { rows, logger } = this.#parts;
    const open = this.#opened();
    await rows.finish();
    const outcome = await open.commit(cursor);
    this.#open = undefined;
    if (outcome === 'skipped') {
      rows.abort();
      logger.info({ cursor }, 'the change log has this transaction already');
      return;
    }
    rows.commit();
    this.counts.transactions += 1;
    this.#ticks.logged();
  }

  #opened(): TransactionAppend {
    if (this.#open) return this.#open;
    throw new BanyanError(
      'SOURCE_PROTOCOL',
      `The source ${this.#parts.source.name} told a change or a commit outside a transaction: its adapter is wrong.`,
    );
  }

  /** A transaction that was cut off comes again whole. */
  async #abortTransaction(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (!open) return;
    this.#parts.rows.abort();
    await open.abort();
  }

  /** Only what is durable in the log is acknowledged, and written to row state. */
  async #makeDurable(): Promise<void> {
    const { changeLog, rows, onDurable } = this.#parts;
    const { position, cursor } = changeLog;
    await changeLog.sync();
    if (cursor) this.#stream?.acknowledge(cursor);
    await rows.settle(position);
    onDurable(position);
  }

  async #waitToRetry(thrown: unknown): Promise<void> {
    // A log or a store that failed is of no use before it is opened again: only the source is tried again here.
    const isLost = isBanyanError(thrown) && thrown.retryable && thrown.code.startsWith('SOURCE_');
    if (!isLost || !this.#wasOpen) throw toError(thrown);
    const { logger, retryAfterMs } = this.#parts;
    const afterMs = backOff(this.#attempt, retryAfterMs);
    this.#attempt += 1;
    this.state = { kind: 'waiting', code: thrown.code, attempt: this.#attempt };
    logger.warn({ err: thrown, afterMs }, 'the source was lost and will be opened again');
    await pause(afterMs, this.#signal);
  }
}

function endedEarly(source: string): BanyanError {
  return new BanyanError('SOURCE_DISCONNECTED', `The stream of ${source} ended.`, { retryable: true });
}
