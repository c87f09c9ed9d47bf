import { once, toError, type Closeable } from 'banyan/runtime';

/** How something that ran has ended. */
export type Outcome = { readonly kind: 'failed'; readonly error: Error } | { readonly kind: 'closed' };

/** Something that runs until it is closed or fails. */
export interface Run<W extends Work> extends Closeable {
  readonly work: W;
  /** Undefined while it runs. */
  readonly outcome: Outcome | undefined;
  /** Resolves after `close`, rejects with what stopped it. */
  readonly ended: Promise<void>;
}

/** What is run. */
export interface Work {
  /** Works until the signal given to `begin` aborts. */
  run(): Promise<void>;
  /** Resolves when what was done is durable. */
  drained(): Promise<void>;
}

/**
 * Runs until closed, or until `outer` aborts, or until the work fails.
 * @param begin makes the work; `fail` is for failures that its `run` does not see
 * @param release closes what the work used: at its end, but after a failure at `close`, so that what was made until
 *   then can still be read
 * @param failed told of a failure
 */
export function runUntilClosed<W extends Work>(
  begin: (signal: AbortSignal, fail: (error: unknown) => void) => W,
  release: () => Promise<void>,
  failed: (error: Error) => void,
  outer: AbortSignal,
): Run<W> {
  const stopping = new AbortController();
  const signal = AbortSignal.any([outer, stopping.signal]);
  const releaseOnce = once(release);
  let outcome: Outcome | undefined;
  let failure: Error | undefined;
  const fail = (error: unknown): void => {
    failure ??= toError(error);
    stopping.abort();
  };
  const work = begin(signal, fail);
  const run = async (): Promise<void> => {
    await work.run().catch((error: unknown) => {
      // What is interrupted by the end has not failed.
      if (!signal.aborted) fail(error);
    });
    await work.drained().catch(fail);
    if (!failure) await releaseOnce().catch(fail);
    outcome = failure ? { kind: 'failed', error: failure } : { kind: 'closed' };
    if (!failure) return;
    failed(failure);
    throw failure;
  };
  const ended = run();
  ended.catch(() => undefined);
  return {
    work,
    get outcome() {
      return outcome;
    },
    ended,
    close: once(async () => {
      stopping.abort();
      await ended.catch(() => undefined);
      await releaseOnce();
    }),
  };
}
