import type { Progress } from 'banyan/events';
import { BanyanError, toError } from 'banyan/runtime';
import { covers } from './progress.ts';

/** Who listens to how far a view is, and who waits for it to come somewhere. */
export class ProgressWaits<Status extends { readonly progress: Progress }> {
  readonly #listeners = new Set<(status: Status) => void>();
  /** To be told when the view will not come any further. */
  readonly #atEnd = new Set<(error: Error) => void>();

  listen(listener: (status: Status) => void): { close(): void } {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  tell(status: Status): void {
    for (const listener of [...this.#listeners]) listener(status);
  }

  /** Resolves once what is told covers the target; rejects at the end, or on abort. */
  async until(target: Progress, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const settle = (done: () => void): void => {
        this.#listeners.delete(look);
        this.#atEnd.delete(early);
        signal?.removeEventListener('abort', abort);
        done();
      };
      const look = ({ progress }: Status): void => {
        if (covers(progress, target)) settle(resolve);
      };
      const abort = (): void => settle(() => reject(toError(signal?.reason)));
      const early = (error: Error): void => settle(() => reject(error));
      this.#listeners.add(look);
      this.#atEnd.add(early);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Everybody who waits is refused with this error. */
  end(error: Error): void {
    for (const tell of [...this.#atEnd]) tell(error);
  }
}

/** What somebody is told who waits for a progress that will not come. */
export function closedEarly(): BanyanError {
  return new BanyanError(
    'PROJECTOR_CLOSED',
    'The projector was closed before the view had come so far. Start it again.',
  );
}
