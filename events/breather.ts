/** Lets others run, now and then, within a long synchronous stretch. */
export interface Breather {
  /** Whether it is time to await {@link Breather.breathe}. Cheap. */
  isDue(): boolean;
  breathe(): Promise<void>;
}

/** @param stretchMs milliseconds that may pass without a pause */
export function createBreather(stretchMs = 10): Breather {
  let calls = 0;
  let since = performance.now();
  return {
    // The clock is asked once in a while only: it costs more than a small event.
    isDue: () => (calls = (calls + 1) & 31) === 0 && performance.now() - since > stretchMs,
    breathe: async () => {
      await new Promise<void>((resolve) => setImmediate(resolve));
      since = performance.now();
    },
  };
}
