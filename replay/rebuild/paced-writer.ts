import type { GenerationId, ItemWrite, ViewStore } from 'banyan/projections';
import { isBanyanError } from 'banyan/runtime';
import { setTimeout as wait } from 'node:timers/promises';
import { faster, fullRate, slower, type WriteRate } from './write-rate.ts';

/** Documents of the first write, and of any write at most. */
const documents = { first: 100, most: 1000 } as const;

/** How often a write is repeated while the store refuses it or cannot be reached, and the first pause, milliseconds. */
const retries = { times: 6, pauseMs: 200 } as const;

/** What a paced writer needs. */
export interface PacedWriterOptions {
  readonly store: ViewStore;
  readonly generation: GenerationId;
  /** Documents a second at most, from the beginning. */
  readonly rate: number | undefined;
  /** Milliseconds of some clock. Default: the machine's. */
  readonly now?: () => number;
}

/**
 * Writes no faster than it is allowed to, and no faster than the store takes beside what others ask of it: whenever it
 * throttles, or gives up, it is asked for less from then on. It is told so when a write ends. So the first writes are
 * small, and grow as long as all goes well.
 */
export class PacedWriter {
  readonly #options: PacedWriterOptions;
  #rate: WriteRate;
  /** When the rate allows the next write. */
  #notBefore = 0;
  #busy: BusyTime;
  #most: number = documents.first;
  #throttled = 0;
  readonly #now: () => number;

  constructor(options: PacedWriterOptions) {
    const { rate, now = () => performance.now() } = options;
    this.#options = options;
    this.#now = now;
    this.#busy = new BusyTime(now);
    this.#rate = fullRate(rate, now());
  }

  /** How often the store refused a part of a write since it was asked for too much. */
  get throttled(): number {
    return this.#throttled;
  }

  /** Documents a second at present; Infinity: as fast as the store takes them. */
  get perSecond(): number {
    return this.#rate.perSecond;
  }

  /** Documents that one write may have: at most a quarter of a second's. */
  get batch(): number {
    return Math.max(1, Math.min(this.#most, Math.floor(this.perSecond / 4)));
  }

  /** Milliseconds until the rate allows the next write. */
  get pauseMs(): number {
    return Math.max(0, this.#notBefore - this.#now());
  }

  /**
   * Writes now, whatever the rate says, which has the next write wait for longer. Repeated while the store cannot take it.
   * @returns the conflicts, those with a write of its own whose answer was lost among them
   */
  async write(writes: readonly ItemWrite[]): Promise<readonly string[]> {
    const { store, generation } = this.#options;
    this.#rate = faster(this.#rate, this.#now());
    this.#book(writes.length);
    for (let attempt = 0; ; attempt += 1) {
      const begun = this.#now();
      try {
        const outcome = await this.#busy.of(writes.length, () => store.writeMany(generation, writes));
        if (outcome.throttled === undefined) this.#most = Math.min(documents.most, this.#most * 2);
        else this.#slowDown(begun, outcome.throttled);
        return outcome.conflicts;
      } catch (error) {
        if (attempt === retries.times || !isBanyanError(error) || !error.retryable) throw error;
        this.#slowDown(begun, 1);
        await wait(retries.pauseMs * 2 ** attempt);
      }
    }
  }

  #book(count: number): void {
    const earliest = Math.max(this.#notBefore, this.#now());
    this.#notBefore = earliest + (count / this.perSecond) * 1000;
  }

  #slowDown(begun: number, times: number): void {
    this.#throttled += times;
    const before = this.#rate;
    this.#rate = slower(before, this.#busy.perSecond ?? documents.most, this.#now(), begun);
    if (this.#rate.perSecond < before.perSecond) this.#busy = new BusyTime(this.#now);
  }
}

/** What the store has taken, by the time in which it had something to do: how fast it is, however little it was asked. */
class BusyTime {
  readonly #now: () => number;
  #underWay = 0;
  #since = 0;
  #ms = 0;
  #documents = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Documents a second; undefined while nothing was taken. */
  get perSecond(): number | undefined {
    const ms = this.#ms + (this.#underWay > 0 ? this.#now() - this.#since : 0);
    return this.#documents === 0 ? undefined : this.#documents / (Math.max(1, ms) / 1000);
  }

  async of<T>(documents: number, work: () => Promise<T>): Promise<T> {
    if (this.#underWay === 0) this.#since = this.#now();
    this.#underWay += 1;
    try {
      const result = await work();
      this.#documents += documents;
      return result;
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#ms += this.#now() - this.#since;
    }
  }
}
