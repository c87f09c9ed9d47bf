/** Tells whoever waits that something changed. Take `count` before looking, so that no change is missed. */
export class Wakeup {
  #count = 0;
  readonly #waiting = new Set<() => void>();

  /** How often it rang. */
  get count(): number {
    return this.#count;
  }

  ring(): void {
    this.#count++;
    for (const resolve of [...this.#waiting]) resolve();
  }

  /** Resolves once it has rung since `count` was taken, or the signal aborts. */
  async since(count: number, signal?: AbortSignal): Promise<void> {
    if (this.#count !== count || signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal?.addEventListener('abort', done);
    });
  }
}
