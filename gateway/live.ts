import type { LivePointer, ViewStore } from 'banyan/projections';
import { isBanyanError, type Clock } from 'banyan/runtime';

/** Which generations are live, as far as this process knows. */
export interface Live {
  /** At most as old as the cache's bound; undefined while nothing is live. */
  pointer(): Promise<LivePointer | undefined>;
  /** Runs a read against the live generations; once more with the newest pointer when a generation is gone. */
  read<T>(run: (pointer: LivePointer | undefined) => Promise<T>): Promise<T>;
}

/**
 * Follows a group's live pointer. It is read again after `maxAgeMs`, by one request for all that wait.
 */
export function liveGenerations(store: ViewStore, group: string, clock: Clock, maxAgeMs: number): Live {
  let cached: { readonly until: number; readonly pointer: Promise<LivePointer | undefined> } | undefined;

  const pointer = (): Promise<LivePointer | undefined> => {
    const now = clock.now();
    if (cached && now < cached.until) return cached.pointer;
    const fresh = { until: now + maxAgeMs, pointer: store.pointer(group) };
    cached = fresh;
    // A failure is not kept: the next request asks again. This request's caller gets the rejection itself.
    fresh.pointer.catch(() => {
      if (cached === fresh) cached = undefined;
    });
    return fresh.pointer;
  };

  const read = async <T>(run: (found: LivePointer | undefined) => Promise<T>): Promise<T> => {
    const first = await pointer();
    try {
      return await run(first);
    } catch (error) {
      if (!isBanyanError(error, 'GENERATION_UNKNOWN')) throw error;
      cached = undefined;
      const second = await pointer();
      if (second?.epoch === first?.epoch) throw error;
      return run(second);
    }
  };
  return { pointer, read };
}
