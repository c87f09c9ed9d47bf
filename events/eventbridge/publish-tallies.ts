import { toError, type Logger } from 'banyan/runtime';
import type { PublishedLog } from '../delivery.ts';
import { eventLogName } from '../domain-event.ts';
import type { Backoff } from './backoff.ts';
import type { EventSender } from './sender.ts';
import { isToTell, type Streaks } from './streaks.ts';

/** What publishing tallies needs. */
export interface PublishTalliesOptions {
  readonly sender: Pick<EventSender, 'publishTally'>;
  /** Between attempts. */
  readonly backoff: Backoff;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Of the bus: publishing that is begun again goes on counting. */
  readonly streaks: Streaks;
}

/**
 * Publishes the newest tally of an event log and each that follows it, until the signal aborts. Those made while nobody
 * published are not: a tally on the bus is a bell for the trackers, who read what they need from the tallies' own log,
 * and look by the clock as well. So nothing else stops for them; what fails is told, and tried again from the newest.
 */
export async function publishTallies(
  log: Pick<PublishedLog, 'ref' | 'tallies'>,
  options: PublishTalliesOptions,
): Promise<void> {
  const { backoff, logger, signal, streaks } = options;
  const name = eventLogName(log.ref);
  for (;;) {
    try {
      await follow(log, options);
      return;
    } catch (thrown) {
      if (signal.aborted) return;
      const failed = streaks.failed(name);
      const about = { err: toError(thrown), log: name, failed };
      if (isToTell(failed)) logger.warn(about, 'tallies are not published; they are tried again');
      await backoff.wait(failed, signal);
    }
  }
}

async function follow(
  { ref, tallies }: Pick<PublishedLog, 'ref' | 'tallies'>,
  { sender, signal, streaks }: PublishTalliesOptions,
): Promise<void> {
  const log = eventLogName(ref);
  const from = (await tallies.head())?.position ?? 1;
  for await (const batch of tallies.read({ from, follow: true, signal })) {
    for (const { position: to, single } of batch) {
      if (signal.aborted) return;
      if (!single) continue;
      await sender.publishTally(ref, { log, to, ...single });
      streaks.passed(log);
    }
  }
}
