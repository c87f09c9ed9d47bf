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

  /** Runs the call when it is its turn. @param call is to tell each time that the store was asked too much */
  async pass<T>(call: (throttled: () => void) => Promise<T>): Promise<T> {
    if (this.#running >= this.width) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    const begunAfter = this.#pace.slowings;
    let times = 0;
    const throttled = (): void => {
      times += 1;
      this.#pace = slowed(this.#pace, begunAfter);
    };
    try {
      const result = await call(throttled);
      if (times === 0) this.#pace = eased(this.#pace);
      return result;
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
