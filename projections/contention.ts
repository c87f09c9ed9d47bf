import { timerPause, type Pause } from './pause.ts';

/** How often keys that others keep changing are tried: with the pauses between, about half a minute. */
const attempts = 30;

/** The longest pause before the second attempt, and before any, milliseconds. */
const [firstMs, mostMs] = [10, 2000];

/**
 * Waits before keys are tried again that others have changed: by chance, and longer each time, so that of many who want
 * the same key each gets through.
 * @param attempt the next, from 2
 * @returns whether to try again
 */
export async function mayTryAgain(
  { pause = timerPause }: { readonly pause?: Pause },
  attempt: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (attempt > attempts) return false;
  await pause(Math.random() * Math.min(mostMs, firstMs * 2 ** (attempt - 2)), signal);
  return !signal.aborted;
}
