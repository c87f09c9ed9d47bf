import { timerPause, type Pause } from '../pause.ts';
import type { LambdaContext } from './function-types.ts';

/** Whether a piece of work ended in time. */
export type InTime<Result> = { readonly kind: 'ended'; readonly result: Result } | { readonly kind: 'late' };

/** The time of an invocation: how much of it work may take, and when there has to be an answer. */
export interface Deadline {
  /** Whether there is time for one more piece, which may take as long as the longest before. */
  readonly hasTime: boolean;
  /**
   * Runs a piece of work.
   * @param share of how many pieces it is the first: the signal aborts when its share of the time is over, and it should
   *   end then, with what it has
   */
  piece<Result>(share: number, work: (signal: AbortSignal) => Promise<Result>): Promise<Result>;
  /**
   * Waits for work until an answer has to be given. Work that is late goes on, and nobody listens to it any more: it
   * may be frozen with its process, and be met by later invocations.
   * @throws what the work throws in time
   */
  inTime<Result>(work: Promise<Result>): Promise<InTime<Result>>;
}

/** How a {@link Deadline} is made. */
export interface DeadlineOptions {
  readonly context: LambdaContext;
  /** Milliseconds before the end within which nothing is begun. Default 5,000. */
  readonly marginMs?: number | undefined;
  readonly pause?: Pause | undefined;
}

/** Milliseconds before the end at which there has to be an answer: it takes none, but the machine may be busy. */
const answerMs = 1000;

/**
 * The deadline of an invocation. There is time for a piece when it could take as long as the longest before and leave
 * the margin; the margin is a quarter of what there was at the beginning at most, so that something is always done. A
 * store may be patient for longer than the margin: so half of it, or a second, before the end nobody is waited for.
 */
export function deadlineOf({ context, marginMs = 5000, pause = timerPause }: DeadlineOptions): Deadline {
  const margin = Math.min(marginMs, context.getRemainingTimeInMillis() / 4);
  const leftUntil = (before: number): number => Math.max(0, context.getRemainingTimeInMillis() - before);
  let longest = 0;
  return {
    get hasTime() {
      return context.getRemainingTimeInMillis() > margin + longest;
    },
    async piece(share, work) {
      const before = context.getRemainingTimeInMillis();
      const timer = alarm(pause, leftUntil(margin) / share);
      try {
        return await work(timer.signal);
      } finally {
        timer.end();
        longest = Math.max(longest, before - context.getRemainingTimeInMillis());
      }
    },
    async inTime(work) {
      const timer = alarm(pause, leftUntil(Math.min(answerMs, margin / 2)));
      const late = new Promise<{ readonly kind: 'late' }>((resolve) => {
        timer.signal.addEventListener('abort', () => resolve({ kind: 'late' }), { once: true });
      });
      try {
        return await Promise.race([work.then((result) => ({ kind: 'ended' as const, result })), late]);
      } finally {
        timer.end();
      }
    },
  };
}

/** A signal that aborts after so many milliseconds, unless that is ended. */
function alarm(
  pause: Pause,
  milliseconds: number,
): { readonly signal: AbortSignal; readonly end: () => void } {
  const [ringing, ended] = [new AbortController(), new AbortController()];
  const ring = (): void => {
    if (!ended.signal.aborted) ringing.abort();
  };
  pause(milliseconds, ended.signal).then(ring, ring);
  return { signal: ringing.signal, end: () => ended.abort() };
}
