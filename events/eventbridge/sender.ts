import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { once, silentLogger, type Closeable, type Logger } from 'banyan/runtime';
import type { Bus } from '../bus.ts';
import type { EventLogRef } from '../domain-event.ts';
import type { Tally } from '../tally.ts';
import { createBackoff, type BackoffOptions } from './backoff.ts';
import type { Probe } from './detail.ts';
import { eventEntry, probeEntry, tallyEntry } from './entries.ts';
import { defaultPutLimits, type PutLimits } from './entry-size.ts';
import { putEvents } from './put-events.ts';

/** What putting events onto EventBridge needs. */
export interface EventSenderOptions {
  /** Ready to use. Its own retries are few; what they do not mend is tried again here. */
  readonly events: EventBridgeClient;
  /** Name or ARN of the event bus. */
  readonly busName: string;
  readonly logger?: Logger;
  /** Default: 10 entries and less than 256 KiB a call. */
  readonly limits?: Partial<PutLimits>;
  /** Between attempts. Default: 100 ms to 10 s. */
  readonly backoff?: BackoffOptions;
}

/** Puts events, tallies and probes onto EventBridge. Closing it stops what is being put. */
export interface EventSender extends Pick<Bus, 'publish'>, Closeable {
  publishTally(log: EventLogRef, tally: Tally): Promise<void>;
  publishProbe(probe: Probe, signal?: AbortSignal): Promise<void>;
}

/** Makes the sending half of an EventBridge bus, for processes that subscribe to nothing. */
export function createEventSender(options: EventSenderOptions): EventSender {
  const { events: client, busName, logger = silentLogger } = options;
  const limits = { ...defaultPutLimits, ...options.limits };
  const backoff = createBackoff(options.backoff);
  const closing = new AbortController();
  const put = (entries: Parameters<typeof putEvents>[1], signal?: AbortSignal): Promise<void> => {
    const either = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
    return putEvents({ client, busName, limits, backoff, logger, signal: either }, entries);
  };
  return {
    publish: (events, signal) =>
      put(
        events.map((event) => eventEntry(event, limits)),
        signal,
      ),
    publishTally: (log, tally) => put([tallyEntry(log, tally)]),
    publishProbe: (probe, signal) => put([probeEntry(probe)], signal),
    close: once(async () => {
      closing.abort();
    }),
  };
}
