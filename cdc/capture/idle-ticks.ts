import type { Clock } from 'banyan/runtime';
import type { Cursor } from '../change.ts';

/** Decides when a source that moves on without transactions is worth a tick. */
export interface IdleTicks {
  /** The source is here, at this time of its own: a tick, at once or as soon as one is due. */
  idle(at: string, cursor: Cursor): void;
  /** Something else was logged, and says as much as a tick. */
  logged(): void;
  /** What the source told no longer holds: a transaction begins behind it, or the stream has ended. */
  forget(): void;
}

/**
 * At most one tick in `everyMs` milliseconds, and that not only when the source tells again where it is: it may be
 * waiting for the acknowledgement. `tick` must not throw.
 */
export function idleTicks(
  clock: Clock,
  everyMs: number,
  tick: (at: string, cursor: Cursor) => void,
): IdleTicks {
  let lastLogged = Number.NEGATIVE_INFINITY;
  let latest: readonly [at: string, cursor: Cursor] | undefined;
  let timer: NodeJS.Timeout | undefined;
  const forget = (): void => {
    clearTimeout(timer);
    [timer, latest] = [undefined, undefined];
  };
  const logged = (): void => {
    forget();
    lastLogged = clock.now();
  };
  const tickNow = (): void => {
    if (latest) tick(...latest);
    logged();
  };
  return {
    idle: (at, cursor) => {
      latest = [at, cursor];
      const waitMs = lastLogged + everyMs - clock.now();
      // A clock that was set back must not hold the frontier.
      if (waitMs <= 0 || waitMs > everyMs) tickNow();
      else timer ??= setTimeout(tickNow, waitMs);
    },
    logged,
    forget,
  };
}
