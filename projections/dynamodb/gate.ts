import { eased, fullPace, slowed, type Pace } from './pace.ts';

/** Lets so many calls through at once as the pace allows; the others wait in the order they came. */
export class Gate {
  #pace: Pace;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#pace = fullPace(most);
  }

  /** Calls at once, now. */
  get width(): number {
    return Math.floor(this.#pace.width);
  }

  /** Runs the call when it is its turn. @param isThrottled whether an error means that the store is asked too much */
  async pass<T>(call: () => Promise<T>, isThrottled: (error: unknown) => boolean): Promise<T> {
    if (this.#running >= this.width) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    const begunAfter = this.#pace.slowings;
    try {
      const result = await call();
      this.#pace = eased(this.#pace);
      return result;
    } catch (error) {
      if (isThrottled(error)) this.#pace = slowed(this.#pace, begunAfter);
      throw error;
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  #next(): void {
    while (this.#running < this.width) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#running += 1;
      next();
    }
  }
}
