import { createGroupCommit, type GroupCommit, type Work } from 'banyan/cdc';
import type { Clock, LogReader, LogWriter } from 'banyan/runtime';
import { createBreather } from './breather.ts';
import type { EventLogLine } from './event-log.ts';
import { TallyFold } from './tally-fold.ts';
import type { Tally, TallyLine } from './tally.ts';

/** What a keeper of tallies works on. */
export interface TallyParts {
  /** `source:translation@version`. */
  readonly log: string;
  readonly eventLog: LogReader<EventLogLine>;
  readonly tallyLog: LogWriter<TallyLine>;
  /** Tallies begin behind this position. */
  readonly after: number;
  readonly clock: Clock;
  readonly everyMs: number;
  readonly everyEvents: number;
  readonly onTally: (tally: Tally) => void;
}

/** The work of a keeper of tallies: event log in, tally log out. */
export class TallyLoop implements Work {
  readonly #parts: TallyParts;
  readonly #signal: AbortSignal;
  readonly #failed: (error: unknown) => void;
  readonly #fold: TallyFold;
  readonly #commit: GroupCommit;
  /** Appended and not yet told, in order. */
  readonly #untold: Tally[] = [];
  /** Runs since the last tally: until its end the next one waits. */
  #pause: NodeJS.Timeout | undefined;

  constructor(parts: TallyParts, signal: AbortSignal, failed: (error: unknown) => void) {
    this.#parts = parts;
    this.#signal = signal;
    this.#failed = failed;
    this.#fold = new TallyFold(parts.after);
    this.#commit = createGroupCommit(() => this.#makeDurable(), failed);
  }

  /** Follows the event log until the signal aborts. @throws BanyanError LOG_* */
  async run(): Promise<void> {
    const { eventLog, tallyLog, after, everyEvents } = this.#parts;
    const breather = createBreather();
    // Small batches: the translator works in the same process.
    const reading = { from: after + 1, follow: true, signal: this.#signal, batchBytes: 256 * 1024 };
    try {
      for await (const batch of eventLog.read(reading)) {
        for (const entry of batch) {
          for (const line of entry.single ? [entry.single] : entry.lines()) {
            this.#fold.add(line);
            if (breather.isDue()) await breather.breathe();
            if (this.#signal.aborted) return;
          }
          if (this.#fold.events >= everyEvents) this.#cut();
        }
        if (!this.#pause) this.#cut();
        await tallyLog.ready();
      }
    } finally {
      clearTimeout(this.#pause);
    }
  }

  drained(): Promise<void> {
    return this.#commit.drained();
  }

  /** Makes a tally of what came since the last one, if anything did. */
  #cut(): void {
    const { log, tallyLog, clock, everyMs } = this.#parts;
    const counted = this.#fold.take();
    if (!counted) return;
    const { to, ...rest } = counted;
    const line = { ...rest, at: new Date(clock.now()).toISOString() };
    tallyLog.append(to, line);
    this.#untold.push({ log, to, ...line });
    this.#commit.request();
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#onPauseOver(), everyMs);
  }

  #onPauseOver(): void {
    this.#pause = undefined;
    if (this.#signal.aborted) return;
    try {
      this.#cut();
    } catch (error) {
      this.#failed(error);
    }
  }

  async #makeDurable(): Promise<void> {
    const { tallyLog, onTally } = this.#parts;
    await tallyLog.sync();
    for (let next = this.#untold[0]; next && next.to <= tallyLog.durable; next = this.#untold[0]) {
      this.#untold.shift();
      onTally(next);
    }
  }
}
