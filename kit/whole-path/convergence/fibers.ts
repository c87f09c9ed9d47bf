import { setImmediate as turn } from 'node:timers/promises';

/** Thrown at a gate of a fiber that was killed: nothing of it runs on but its `finally`, which passes no gate either. */
export class Killed extends Error {}

/** Where a fiber waits until it is let through. */
export type Gate = () => Promise<void>;

/** One thread of work that others may overtake at each of its gates. */
export interface Fiber {
  readonly name: string;
  /** Steps of the world that it sleeps on. */
  asleepUntil: number;
  isDead: boolean;
}

interface Waiting {
  readonly fiber: Fiber;
  readonly pass: () => void;
  readonly kill: () => void;
}

/**
 * Runs fibers one step at a time, in an order that only the given random source decides: every interleaving at the
 * gates can come, and the same seed gives the same one.
 */
export class Fibers {
  readonly #random: () => number;
  readonly #waiting: Waiting[] = [];
  readonly #running = new Set<Fiber>();
  readonly #failures: unknown[] = [];
  step = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Begins a fiber; it runs on its own up to its first gate. */
  start(name: string, work: (gate: Gate) => Promise<void>): Fiber {
    const fiber: Fiber = { name, asleepUntil: 0, isDead: false };
    this.#running.add(fiber);
    void work(() => this.#wait(fiber))
      .catch((error: unknown) => {
        if (!(error instanceof Killed) && !fiber.isDead) this.#failures.push(error);
      })
      .finally(() => this.#running.delete(fiber));
    return fiber;
  }

  isRunning(fiber: Fiber | undefined): boolean {
    return fiber !== undefined && this.#running.has(fiber);
  }

  /** All that run. */
  get running(): readonly Fiber[] {
    return [...this.#running];
  }

  /** The process dies where it waits. */
  kill(fiber: Fiber): void {
    fiber.isDead = true;
    for (const waiting of this.#waiting.filter((one) => one.fiber === fiber)) waiting.kill();
  }

  /** Lets one waiting fiber through its gate. @returns whether there was one that is awake */
  async next(): Promise<boolean> {
    await turn();
    this.#rethrow();
    this.step += 1;
    const awake = this.#waiting.filter(({ fiber }) => fiber.asleepUntil <= this.step);
    const chosen = awake[Math.floor(this.#random() * awake.length)];
    chosen?.pass();
    await turn();
    this.#rethrow();
    return chosen !== undefined;
  }

  #wait(fiber: Fiber): Promise<void> {
    if (fiber.isDead) return Promise.reject(new Killed(fiber.name));
    return new Promise((resolve, reject) => {
      const leave = (): void => void this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      const waiting: Waiting = {
        fiber,
        pass: () => {
          leave();
          resolve();
        },
        kill: () => {
          leave();
          reject(new Killed(fiber.name));
        },
      };
      this.#waiting.push(waiting);
    });
  }

  #rethrow(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
  }
}
