import type { LivePointer, ViewStore } from 'banyan/projections';
import { isBanyanError, type Clock } from 'banyan/runtime';
import { watch, type Patience } from './watch.ts';

/** Which generations are live, as far as this process knows. Its epoch never becomes smaller. */
export interface Live {
  /** At most as old as the cache's bound; undefined while nothing is live. */
  pointer(): Promise<LivePointer | undefined>;
  /** Whether the pointer has come to an epoch; looks at it anew, and waits for it, when it has not. */
  reaches(epoch: number, patience: Patience): Promise<boolean>;
  /** Runs a read against the live generations; once more with the newest pointer when a generation is gone. */
  read<T>(run: (pointer: LivePointer | undefined) => Promise<T>): Promise<T>;
}

/**
 * Follows a group's live pointer. It is read again after `maxAgeMs`, by one request for all that wait.
 */
export function liveGenerations(store: ViewStore, group: string, clock: Clock, maxAgeMs: number): Live {
  let newest: LivePointer | undefined;
  let asked: { readonly until: number; readonly answered: Promise<void> } | undefined;

  const ask = (): Promise<void> => {
    const until = clock.now() + maxAgeMs;
    const fresh = { until, answered: store.pointer(group).then(take) };
    asked = fresh;
    // A failure is not kept: the next request asks again. This request's caller gets the rejection itself.
    fresh.answered.catch(() => {
      if (asked === fresh) asked = undefined;
    });
    return fresh.answered;
  };
  // An answer that was long on its way may be older than what is known already.
  const take = (found: LivePointer | undefined): void => {
    if (found && found.epoch > epochOf(newest)) newest = found;
  };
  const pointer = async (): Promise<LivePointer | undefined> => {
    await (asked && clock.now() < asked.until ? asked.answered : ask());
    return newest;
  };
  const asking = watch(ask);

  const read = async <T>(run: (found: LivePointer | undefined) => Promise<T>): Promise<T> => {
    let found = await pointer();
    for (;;) {
      try {
        return await run(found);
      } catch (error) {
        if (!isBanyanError(error, 'GENERATION_UNKNOWN')) throw error;
        await ask();
        if (epochOf(newest) === epochOf(found)) throw error;
        found = newest;
      }
    }
  };
  return {
    pointer,
    reaches: (epoch, patience) => asking.until(() => epochOf(newest) >= epoch, patience),
    read,
  };
}

function epochOf(pointer: LivePointer | undefined): number {
  return pointer?.epoch ?? 0;
}
