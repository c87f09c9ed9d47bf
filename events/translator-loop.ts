import { createGroupCommit, type ChangeLogLine, type GroupCommit } from 'banyan/cdc';
import type { Clock, LogEntry, LogReader, LogWriter } from 'banyan/runtime';
import { createBreather } from './breather.ts';
import type { EventTypes } from './check-event.ts';
import { eventLogName, type EventLogRef } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import type { LookupFold } from './lookup-fold.ts';
import type { Announcement } from './merge.ts';
import { firstLine, viewTransaction } from './transaction-view.ts';
import { translateEntry, type EntryTranslator } from './translate-entry.ts';
import type { Translation } from './translation.ts';

/** What a translator works on. */
export interface TranslatorParts {
  readonly ref: EventLogRef;
  readonly translation: Translation;
  readonly events: EventTypes;
  readonly changeLog: LogReader<ChangeLogLine>;
  readonly eventLog: LogWriter<EventLogLine>;
  /** The translation's look-up state, as of the event log's head. */
  readonly lookups: LookupFold;
  readonly clock: Clock;
  readonly announce: (log: EventLogRef, announcement: Announcement) => void;
  readonly lineBytes: number;
  readonly tickEveryMs: number;
}

/** The work of a translator: change log in, event log and look-up state out. */
export class TranslatorLoop {
  /** The last position that was translated, 0 for none, and its log time. */
  position: number;
  logTime: string | undefined;
  /** Events made so far. */
  events = 0;
  readonly #parts: TranslatorParts;
  readonly #signal: AbortSignal;
  readonly #commit: GroupCommit;
  readonly #entries: EntryTranslator;
  #lastAppend = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;

  /** @param failed told of a failure to make things durable */
  constructor(parts: TranslatorParts, signal: AbortSignal, failed: (error: unknown) => void) {
    this.#parts = parts;
    this.#signal = signal;
    this.#commit = createGroupCommit(() => this.#makeDurable(), failed);
    this.#entries = { ...parts, log: parts.eventLog, breather: createBreather(), signal };
    this.position = parts.eventLog.last?.position ?? 0;
    this.logTime = parts.eventLog.last?.logTime;
  }

  /** Translates until the signal aborts. @throws BanyanError TRANSLATION_FAILED, LOG_* */
  async run(): Promise<void> {
    const { changeLog } = this.#parts;
    const reading = { from: this.position + 1, follow: true, signal: this.#signal };
    try {
      for await (const batch of changeLog.read(reading)) {
        this.#isBusy = true;
        await this.#translateBatch(batch);
        this.#isBusy = false;
      }
    } finally {
      clearTimeout(this.#timer);
    }
  }

  /** Resolves when all that was translated is durable. */
  drained(): Promise<void> {
    return this.#commit.drained();
  }

  /** Look-ups follow the event log, never the other way round: a crash must not leave them ahead of it. */
  async #makeDurable(): Promise<void> {
    const { eventLog, lookups, announce, ref } = this.#parts;
    const { position, logTime } = this;
    const head = eventLog.committed;
    if (eventLog.durable < head) await eventLog.sync();
    lookups.settle(head);
    if (logTime !== undefined) announce(ref, { position, logTime, head });
  }

  async #translateBatch(batch: readonly LogEntry<ChangeLogLine>[]): Promise<void> {
    const { eventLog, clock, tickEveryMs } = this.#parts;
    const { breather } = this.#entries;
    for (const entry of batch) {
      await this.#translate(entry);
      this.#commit.request();
      await eventLog.ready();
      if (breather.isDue()) await breather.breathe();
      this.#signal.throwIfAborted();
    }
    const isTick = batch.at(-1)?.single?.kind === 'tick';
    if (isTick || clock.now() - this.#lastAppend >= tickEveryMs) this.#tick();
    else if (eventLog.committed < this.position)
      this.#timer ??= setTimeout(() => this.#onTimer(), tickEveryMs);
  }

  async #translate(entry: LogEntry<ChangeLogLine>): Promise<void> {
    const { kind, logTime } = firstLine(entry);
    if (kind === 'transaction') {
      const { translation, lookups, ref } = this.#parts;
      await lookups.fold(entry, this.#signal);
      const lookup = { translation: eventLogName(ref), ways: translation.lookups, state: lookups };
      const count = await translateEntry(this.#entries, viewTransaction(entry, translation.tables, lookup));
      this.events += count;
      if (count > 0) this.#lastAppend = this.#parts.clock.now();
    }
    this.position = entry.position;
    this.logTime = logTime;
  }

  /** Records that positions passed without events, unless the event log says so already. */
  #tick(): void {
    const { eventLog, clock } = this.#parts;
    if (this.logTime === undefined || eventLog.committed >= this.position) return;
    eventLog.append(this.position, { kind: 'tick', logTime: this.logTime });
    this.#lastAppend = clock.now();
    this.#commit.request();
  }

  #onTimer(): void {
    this.#timer = undefined;
    // While a batch is under way an entry may be open, and the batch's end sees to the tick.
    if (!this.#isBusy && !this.#signal.aborted) this.#tick();
  }
}
