import { isBanyanError } from 'banyan/runtime';
import type { PublishedLog } from '../delivery.ts';
import { eventLogName } from '../domain-event.ts';
import type { EventSender } from './sender.ts';

/**
 * Publishes the newest tally of an event log and each that follows it, until the signal aborts. Those made while nobody
 * published are not: a tally on the bus is a bell for the trackers, who read what they need from the tallies' own log.
 * @throws BanyanError BUS_REFUSED, LOG_*
 */
export async function publishTallies(
  { ref, tallies }: Pick<PublishedLog, 'ref' | 'tallies'>,
  sender: Pick<EventSender, 'publishTally'>,
  signal: AbortSignal,
): Promise<void> {
  const log = eventLogName(ref);
  const from = (await tallies.head())?.position ?? 1;
  try {
    for await (const batch of tallies.read({ from, follow: true, signal })) {
      for (const { position: to, single } of batch) {
        if (signal.aborted) return;
        if (single) await sender.publishTally(ref, { log, to, ...single });
      }
    }
  } catch (error) {
    if (signal.aborted || isBanyanError(error, 'PUBLISHING_STOPPED')) return;
    throw error;
  }
}
