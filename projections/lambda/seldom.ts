import type { Clock } from 'banyan/runtime';

/** Says a thing that would be said again and again: at first, and then once in a while, with how much there was since. */
export class Seldom {
  readonly #clock: Clock;
  readonly #everyMs: number;
  #about: string | undefined;
  #saidAt = -Infinity;
  #since = 0;

  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /**
   * @param about what it is about: of another thing the first is said at once
   * @param count how much there is of it now
   * @returns how much there is to say, this included; undefined: nothing is to be said now
   */
  due(about: string, count: number): number | undefined {
    const isOther = about !== this.#about;
    if (isOther) this.#since = 0;
    this.#since += count;
    const now = this.#clock.now();
    if (!isOther && now - this.#saidAt < this.#everyMs) return undefined;
    const since = this.#since;
    [this.#about, this.#saidAt, this.#since] = [about, now, 0];
    return since;
  }
}
