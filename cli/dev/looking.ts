import { setTimeout as wait } from 'node:timers/promises';
import { toError, type Closeable, type Logger } from 'banyan/runtime';

/** Looks again and again. */
export interface Looking extends Closeable {
  /** Looks now; rejects with what the look met. */
  now(): Promise<void>;
}

/** Calls `look` each second, one at a time. What fails is logged, and tried again with the next. */
export function startLooking(look: () => Promise<void>, logger: Logger, everyMs = 1000): Looking {
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;
  let last: Promise<void> = Promise.resolve();
  let told: string | undefined;
  const now = (): Promise<void> => {
    last = last.catch(() => undefined).then(() => (isClosing() ? undefined : look()));
    return last;
  };
  const loop = async (): Promise<void> => {
    while (!isClosing()) {
      await wait(everyMs, undefined, { signal: closing.signal }).catch(() => undefined);
      const failed = await now().then(() => undefined, toError);
      if (failed && failed.message !== told && !isClosing()) {
        logger.error({ err: failed }, failed.message);
      }
      told = failed?.message;
    }
  };
  const ended = loop();
  return {
    now,
    close: async () => {
      closing.abort();
      await ended;
      await last.catch(() => undefined);
    },
  };
}
