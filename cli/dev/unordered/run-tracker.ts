import type { EventLogRef } from 'banyan/events';
import type { Tracker } from 'banyan/projections';
import { isBanyanError, type Closeable, type Logger } from 'banyan/runtime';
import { startLooking } from '../looking.ts';
import type { Tallies } from './tallies.ts';

/**
 * Runs a watermark tracker at each tally of the logs that it follows, and once a second, for what is to be healed
 * when its time has come. It ends by itself when its generation is dropped.
 */
export function runTracker(
  tracker: Tracker,
  logs: readonly EventLogRef[],
  { tallies, logger }: { readonly tallies: Tallies; readonly logger: Logger },
): Closeable {
  let isAsked = false;
  let isGone = false;
  const run = async (): Promise<void> => {
    isAsked = false;
    if (isGone) return;
    try {
      await tracker.run();
    } catch (error) {
      // The process is ending, the translator's log first.
      if (isBanyanError(error, 'LOG_CLOSED')) return;
      if (!isBanyanError(error, 'GENERATION_UNKNOWN')) throw error;
      isGone = true;
    }
  };
  const looking = startLooking(run, logger);
  const heard = tallies.onTally(logs, () => {
    // While one run waits for its turn, it is going to see this tally as well.
    if (isAsked) return;
    isAsked = true;
    // What fails is told when the next run, a second later, fails too.
    looking.now().catch(() => undefined);
  });
  return {
    close: async () => {
      heard.close();
      await looking.close();
    },
  };
}
