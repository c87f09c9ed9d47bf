/** Wakes whoever waits: rung while nobody waits, the next wait returns at once. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, at `signal`'s abort, or after `limitMs` milliseconds. */
  heard(signal: AbortSignal, limitMs?: number): Promise<void>;
}

/** Makes a bell for one who waits. */
export function createBell(): Bell {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      wake?.();
    },
    heard: async (signal, limitMs) => {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = limitMs === undefined ? undefined : setTimeout(done, limitMs);
          wake = done;
          signal.addEventListener('abort', done, { once: true });
          function done(): void {
            clearTimeout(timer);
            signal.removeEventListener('abort', done);
            wake = undefined;
            resolve();
          }
        });
      }
      rung = false;
    },
  };
}
