import { promises as timers } from 'node:timers';

/** How long a request may still wait. */
export interface Patience {
  isOver(): boolean;
}

/** From now on. By the process's own time: a step of the machine's clock must not prolong it. */
export function patienceOf(milliseconds: number): Patience {
  const end = performance.now() + milliseconds;
  return { isOver: () => performance.now() >= end };
}

/** Asks about something that changes elsewhere, for as long as somebody waits for it. */
export interface Watch {
  /** Whether it came about before the patience was over. Asks once at least, unless it has come about already. */
  until(cameAbout: () => boolean, patience: Patience): Promise<boolean>;
}

/** Milliseconds between two questions. */
const pauseMs = 25;

/** All who wait share one question at a time: a crowd asks no more often than one. */
export function watch(ask: () => Promise<void>): Watch {
  let asking: Promise<void> | undefined;
  const askAfter = (milliseconds: number): Promise<void> =>
    (asking ??= timers
      .setTimeout(milliseconds)
      .then(ask)
      .finally(() => (asking = undefined)));
  return {
    until: async (cameAbout, patience) => {
      if (cameAbout()) return true;
      asking ??= ask().finally(() => (asking = undefined));
      await asking;
      while (!cameAbout()) {
        if (patience.isOver()) return false;
        await askAfter(pauseMs);
      }
      return true;
    },
  };
}
