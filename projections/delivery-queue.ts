import type { DomainEvent } from 'banyan/events';

/** Events that were handed over together, and who waits for them to be done. */
export interface Handed {
  readonly events: readonly DomainEvent[];
  done(): void;
  refuse(error: Error): void;
}

/** Deliveries that wait for the batch under way, so that what comes meanwhile is one batch too. */
export class DeliveryQueue {
  readonly #most: number;
  #waiting: Handed[] = [];
  #ended: Error | undefined;
  #ring: (() => void) | undefined;

  /** @param most events of a batch, besides its first delivery */
  constructor(most: number) {
    this.#most = most;
  }

  get waiting(): readonly Handed[] {
    return this.#waiting;
  }

  /** Resolves once the events are done, and rejects when they are to be delivered again. */
  hand(events: readonly DomainEvent[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      this.#waiting.push({ events, done: resolve, refuse: reject });
      this.#ring?.();
    });
  }

  /** What waits, as much as makes a batch, once something does; undefined after the end. */
  async take(): Promise<readonly Handed[] | undefined> {
    while (this.#ended === undefined && this.#waiting.length === 0) {
      await new Promise<void>((resolve) => (this.#ring = resolve));
    }
    if (this.#ended) return undefined;
    let [count, events] = [0, 0];
    for (const one of this.#waiting) {
      if (count > 0 && events + one.events.length > this.#most) break;
      count += 1;
      events += one.events.length;
    }
    return this.#waiting.splice(0, count);
  }

  /** Refuses what waits and what still comes. */
  end(error: Error): void {
    this.#ended ??= error;
    for (const one of this.#waiting.splice(0)) one.refuse(this.#ended);
    this.#ring?.();
  }
}
