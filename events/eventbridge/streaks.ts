/**
 * How often things have failed in a row, by name. What publishes is begun again and again, so it is kept by what
 * outlives that: otherwise the same would be told as new each time.
 */
export interface Streaks {
  /** @returns how often by now, from 1 */
  failed(name: string): number;
  passed(name: string): void;
}

/** Begins without any. */
export function createStreaks(): Streaks {
  const times = new Map<string, number>();
  return {
    failed: (name) => {
      const now = (times.get(name) ?? 0) + 1;
      times.set(name, now);
      return now;
    },
    passed: (name) => void times.delete(name),
  };
}

/** Whether to tell of what has happened so often: the first time, and each time that it has become twice as many. */
export function isToTell(times: number): boolean {
  return (times & (times - 1)) === 0;
}
