import type { LambdaContext } from './function-types.ts';

/** Tells whether there is time for one more piece of work before the invocation is cut off. */
export interface Deadline {
  /** Runs a piece, whose length tells how long the next may take. */
  timed<Result>(work: () => Promise<Result>): Promise<Result>;
  readonly hasTime: boolean;
}

/**
 * The deadline of an invocation. There is time for a piece when it could take as long as the longest before and leave
 * the margin; the margin is a quarter of what there was at the beginning at most, so that something is always done.
 * @param marginMs milliseconds
 */
export function deadlineOf(context: LambdaContext, marginMs: number): Deadline {
  const margin = Math.min(marginMs, context.getRemainingTimeInMillis() / 4);
  let longest = 0;
  return {
    async timed(work) {
      const before = context.getRemainingTimeInMillis();
      try {
        return await work();
      } finally {
        longest = Math.max(longest, before - context.getRemainingTimeInMillis());
      }
    },
    get hasTime() {
      return context.getRemainingTimeInMillis() > margin + longest;
    },
  };
}
