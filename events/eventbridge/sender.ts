import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { once, silentLogger, type Closeable, type Logger } from 'banyan/runtime';
import type { Bus } from '../bus.ts';
import type { EventLogRef } from '../domain-event.ts';
import type { Tally } from '../tally.ts';
import { createBackoff, type BackoffOptions } from './backoff.ts';
import type { Probe } from './detail.ts';
import { probeEntry, tallyEntry } from './entries.ts';
import { createEventPuts, type EventPutFigures } from './event-puts.ts';
import { defaultPutLimits, type PutLimits } from './entry-size.ts';
import { putEvents, type Put } from './put-events.ts';

/** What putting events onto EventBridge needs. */
export interface EventSenderOptions {
  /** Ready to use. Its own retries are few; what they do not mend is tried again here. */
  readonly events: EventBridgeClient;
  /** Name or ARN of the event bus. */
  readonly busName: string;
  readonly logger?: Logger;
  /** Default: 10 entries and 254 KiB a call. */
  readonly limits?: Partial<PutLimits>;
  /** Between attempts. Default: 100 ms to 10 s. */
  readonly backoff?: BackoffOptions;
}

/** Puts events, tallies and probes onto EventBridge. Closing it stops what is being put. */
export interface EventSender extends Pick<Bus, 'publish'>, Closeable {
  publishTally(log: EventLogRef, tally: Tally): Promise<void>;
  publishProbe(probe: Probe, signal?: AbortSignal): Promise<void>;
  /** What the bus has refused of the events since the sender was made. */
  figures(): EventPutFigures;
}

/** Makes the sending half of an EventBridge bus, for processes that subscribe to nothing. */
export function createEventSender(options: EventSenderOptions): EventSender {
  const { events: client, busName, logger = silentLogger } = options;
  const limits = { ...defaultPutLimits, ...options.limits };
  const backoff = createBackoff(options.backoff);
  const closing = new AbortController();
  const events = createEventPuts({ limits, logger });
  const put = (puts: readonly Put[], signal?: AbortSignal): Promise<void> => {
    const either = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
    return putEvents({ client, busName, limits, backoff, logger, signal: either }, puts);
  };
  return {
    publish: (published, signal) => put(published.map(events.putOf), signal),
    publishTally: (log, tally) => put([{ entry: tallyEntry(log, tally) }]),
    publishProbe: (probe, signal) => put([{ entry: probeEntry(probe) }], signal),
    figures: events.figures,
    close: once(async () => {
      closing.abort();
    }),
  };
}
