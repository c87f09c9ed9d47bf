import { setTimeout as wait } from 'node:timers/promises';

/** Waits so many milliseconds; ends earlier, and without an error, when the signal aborts. */
export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** By a timer. */
export const timerPause: Pause = async (milliseconds, signal) => {
  await wait(milliseconds, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
};

/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal;
