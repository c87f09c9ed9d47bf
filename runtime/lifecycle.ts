/** Whatever was started and must be ended. `close` may be called twice; the second call waits for the first. */
export interface Closeable {
  close(): Promise<void>;
}

/** Closes in reverse order of starting; every one is closed even if another's close fails, then the first failure is thrown. */
export async function closeAll(started: readonly Closeable[]): Promise<void> {
  const failures: unknown[] = [];
  for (const one of [...started].reverse()) {
    try {
      await one.close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** A function that runs once; later calls get the first call's promise. For the body of a `close`. */
export function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}
