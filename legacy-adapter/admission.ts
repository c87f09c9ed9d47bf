import { bulkhead, BulkheadRejectedError } from 'cockatiel';

/** How many requests the monolith is asked to bear. */
export interface Concurrency {
  /** Requests under way at once. Default 10. */
  readonly limit?: number;
  /** Requests that may wait for a place. Default 100. */
  readonly queue?: number;
  /** Milliseconds that one waits at most. Default 2,000. */
  readonly queueTimeoutMs?: number;
}

/** Runs what it is given when there is a place; or says why not. */
export type Admission = <T>(run: () => Promise<T>) => Promise<T | 'queueFull' | 'queueTimeout'>;

/** Bounds what is under way and what waits. A refused or expired wait never runs. */
export function admission({ limit = 10, queue = 100, queueTimeoutMs = 2000 }: Concurrency): Admission {
  const places = bulkhead(limit, queue);
  return async <T>(run: () => Promise<T>) => {
    let state: 'waiting' | 'running' | 'expired' = 'waiting';
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<'queueTimeout'>((resolve) => {
      timer = setTimeout(() => {
        state = 'expired';
        resolve('queueTimeout');
      }, queueTimeoutMs);
    });
    // The wait's end is not told to the bulkhead: cockatiel 3 does not go on to the next in the queue after an
    // aborted one. An expired one takes its place and leaves it at once.
    const admitted = places.execute(async () => {
      if (state === 'expired') return 'queueTimeout' as const;
      state = 'running';
      clearTimeout(timer);
      return run();
    });
    try {
      return await Promise.race([admitted, expired]);
    } catch (error) {
      if (error instanceof BulkheadRejectedError) return 'queueFull';
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };
}
