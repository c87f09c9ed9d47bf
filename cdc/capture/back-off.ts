/** The longest pause between two tries, milliseconds. */
const longest = 30_000;

/** How long to wait before trying again, milliseconds: twice as long each time, with a random part, up to 30 s. */
export function backOff(attempt: number, firstMs: number, random: () => number = Math.random): number {
  const whole = Math.min(longest, firstMs * 2 ** Math.min(attempt, 20));
  return Math.round(whole * (0.5 + random() / 2));
}

/** Waits; returns early when the signal aborts. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
