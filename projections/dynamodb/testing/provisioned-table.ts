import type { CallFault, Faults } from './faulty-client.ts';

/** Writes that somebody sent, and those of them that were throttled. */
export interface WriteCalls {
  sent: number;
  throttled: number;
}

/** Milliseconds that a call takes, and one that is throttled with the pause behind it. */
const callMs = { served: 1, throttled: 10 } as const;

/**
 * The write capacity of a table, for `faultyClient`: it takes so many writes of a KB a second and throttles all others.
 * Seconds are those of a clock of its own, which goes on with each call and when it is told to, whatever the machine
 * does.
 */
export class ProvisionedTable {
  unitsPerSecond: number;
  /** Those of a second are saved at most. */
  #units: number;
  #now = 0;

  constructor(unitsPerSecond: number) {
    this.unitsPerSecond = unitsPerSecond;
    this.#units = unitsPerSecond;
  }

  /** Milliseconds. */
  readonly now = (): number => this.#now;

  /** Lets time go by. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
    this.#units = Math.min(this.unitsPerSecond, this.#units + (milliseconds / 1000) * this.unitsPerSecond);
  }

  /** What happens to the calls of somebody, whose writes are counted. */
  faults(calls: WriteCalls): Faults {
    return {
      faultOf: (operation): CallFault => {
        if (operation !== 'PutItem') return 'none';
        calls.sent += 1;
        const isThrottled = this.#units < 1;
        if (isThrottled) calls.throttled += 1;
        else this.#units -= 1;
        this.pass(isThrottled ? callMs.throttled : callMs.served);
        return isThrottled ? 'throttled' : 'none';
      },
    };
  }
}
