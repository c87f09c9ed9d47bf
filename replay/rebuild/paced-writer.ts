import type { GenerationId, ItemWrite, ViewStore } from 'banyan/projections';
import { isBanyanError } from 'banyan/runtime';
import { setTimeout as wait } from 'node:timers/promises';
import { faster, fullRate, slower, type WriteRate } from './write-rate.ts';

/** Documents of one write at most. */
const mostDocuments = 1000;

/** How often a write is repeated while the store refuses it or cannot be reached, and the first pause, milliseconds. */
const retries = { times: 6, pauseMs: 200 } as const;

/** What a paced writer needs. */
export interface PacedWriterOptions {
  readonly store: ViewStore;
  readonly generation: GenerationId;
  /** Documents a second at most, from the beginning. */
  readonly rate: number | undefined;
}

/**
 * Writes no faster than it is allowed to. A store that throttles takes its time, and gives up when that is not enough:
 * from then on it is asked for less.
 */
export class PacedWriter {
  readonly #options: PacedWriterOptions;
  #rate: WriteRate;
  /** When the rate allows the next write, as performance.now(). */
  #notBefore = 0;
  #busy = new BusyTime();

  constructor(options: PacedWriterOptions) {
    this.#options = options;
    this.#rate = fullRate(options.rate, performance.now());
  }

  /** Documents a second at present; Infinity: as fast as the store takes them. */
  get perSecond(): number {
    return this.#rate.perSecond;
  }

  /** Documents that one write may have: at most a quarter of a second's. */
  get batch(): number {
    return Math.max(1, Math.min(mostDocuments, Math.floor(this.perSecond / 4)));
  }

  /** Milliseconds until the rate allows the next write. */
  get pauseMs(): number {
    return Math.max(0, this.#notBefore - performance.now());
  }

  /**
   * Writes now, whatever the rate says, which has the next write wait for longer. Repeated while the store cannot take it.
   * @returns the conflicts, those with a write of its own whose answer was lost among them
   */
  async write(writes: readonly ItemWrite[]): Promise<readonly string[]> {
    const { store, generation } = this.#options;
    this.#rate = faster(this.#rate, performance.now());
    this.#book(writes.length);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return (await this.#busy.of(writes.length, () => store.writeMany(generation, writes))).conflicts;
      } catch (error) {
        if (attempt === retries.times || !isBanyanError(error) || !error.retryable) throw error;
        this.#slowDown();
        await wait(retries.pauseMs * 2 ** attempt);
      }
    }
  }

  #book(documents: number): void {
    const earliest = Math.max(this.#notBefore, performance.now());
    this.#notBefore = earliest + (documents / this.perSecond) * 1000;
  }

  #slowDown(): void {
    const now = performance.now();
    const before = this.#rate;
    this.#rate = slower(before, this.#busy.perSecond ?? mostDocuments, now);
    if (this.#rate.perSecond < before.perSecond) this.#busy = new BusyTime();
  }
}

/** What the store has taken, by the time in which it had something to do: how fast it is, however little it was asked. */
class BusyTime {
  #underWay = 0;
  #since = 0;
  #ms = 0;
  #documents = 0;

  /** Documents a second; undefined while nothing was taken. */
  get perSecond(): number | undefined {
    const ms = this.#ms + (this.#underWay > 0 ? performance.now() - this.#since : 0);
    return this.#documents === 0 ? undefined : this.#documents / (Math.max(1, ms) / 1000);
  }

  async of<T>(documents: number, work: () => Promise<T>): Promise<T> {
    if (this.#underWay === 0) this.#since = performance.now();
    this.#underWay += 1;
    try {
      const result = await work();
      this.#documents += documents;
      return result;
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#ms += performance.now() - this.#since;
    }
  }
}
