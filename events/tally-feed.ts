import type { LogReader } from 'banyan/runtime';
import { eventLogName, type EventLogRef } from './domain-event.ts';
import type { Tally, TallyLine } from './tally.ts';

/** Where a tracker finds the tallies of event logs. */
export interface TallyFeed {
  /**
   * The tallies that end behind a position, in order, up to the durable end. The first of them may begin before the
   * position, or leave a gap behind it: see `countEvents`.
   */
  tallies(ref: EventLogRef, afterPosition: number): AsyncIterable<Tally>;
}

/** Reads tallies from their logs. @param logOf finds the log; undefined: there are no tallies yet */
export function tallyFeed(logOf: (ref: EventLogRef) => LogReader<TallyLine> | undefined): TallyFeed {
  return {
    async *tallies(ref, afterPosition) {
      const reader = logOf(ref);
      if (!reader) return;
      const log = eventLogName(ref);
      for await (const batch of reader.read({ from: afterPosition + 1 })) {
        for (const { position: to, single } of batch) {
          if (!single) continue;
          const { after, logTime, at, counts } = single;
          yield { log, after, to, logTime, at, counts };
        }
      }
    },
  };
}
