import { createBell } from '../bell.ts';

/** Waits between attempts: longer each time, up to a limit, and by chance, so that many do not come back together. */
export interface Backoff {
  /** @param attempt how many have failed, from 1. Resolves early when the signal aborts. */
  wait(attempt: number, signal: AbortSignal): Promise<void>;
}

/** Bounds of a wait. */
export interface BackoffOptions {
  /** Milliseconds of the first wait at most. Default 100. */
  readonly firstMs?: number;
  /** Milliseconds of any wait at most. Default 10,000. */
  readonly mostMs?: number;
  /** Numbers in [0, 1). */
  readonly random?: () => number;
}

/** Waits at least half, at most all, of a time that doubles with each attempt. */
export function createBackoff(options: BackoffOptions = {}): Backoff {
  const { firstMs = 100, mostMs = 10_000, random = Math.random } = options;
  return {
    wait: (attempt, signal) => {
      const most = Math.min(mostMs, firstMs * 2 ** (attempt - 1));
      return createBell().heard(signal, most * (0.5 + random() / 2));
    },
  };
}
