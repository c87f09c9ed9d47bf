import { once, toError } from 'banyan/runtime';
import type { RunningSubscription } from './bus.ts';

/** Runs the parts of a subscription side by side until it is closed; the first that fails ends the others. */
export function runTogether(begin: (signal: AbortSignal) => readonly Promise<void>[]): RunningSubscription {
  const ending = new AbortController();
  let failure: Error | undefined;
  const guarded = async (part: Promise<void>): Promise<void> => {
    try {
      await part;
    } catch (error) {
      // What is interrupted by the end of the subscription has not failed.
      if (!ending.signal.aborted) failure = toError(error);
      ending.abort();
    }
  };
  const ended = Promise.all(begin(ending.signal).map(guarded)).then(() => {
    if (failure) throw failure;
  });
  ended.catch(() => undefined);
  return {
    ended,
    close: once(async () => {
      ending.abort();
      await ended.catch(() => undefined);
    }),
  };
}
