import type { Closeable, Logger, LogReader } from 'banyan/runtime';
import type { EventLogRef, LogCursor } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import type { TallyLine } from './tally.ts';

/**
 * The bus that carries domain events out of the process of the translators, as a port. Adapters: EventBridge
 * (`eventBridge()` of `banyan/events/eventbridge`).
 */
export interface EventDelivery {
  /** What it is, for people: `eventbridge`. */
  readonly kind: string;
  /** Seconds that the queues of its subscribers keep a message. */
  readonly retentionSeconds?: number;
  /** Sends a probe, which is published when this resolves. */
  probe(probe: Probe, options: DeliveryOptions): Promise<void>;
  /**
   * Up to where a log was published and recorded; undefined before anything was. Absent: it cannot be told.
   * @param directory as of its {@link PublishedLog}
   */
  published?(directory: string): Promise<LogCursor | undefined>;
  /** Publishes an event log from where it was left, and its tallies. */
  publish(log: PublishedLog, options: DeliveryOptions): Promise<Publishing>;
}

/** What comes through one subscription alone: a rebuild waits for one before it counts on the subscription. */
export interface Probe {
  /** The subscription's name; no other one gets the probe. */
  readonly subscription: string;
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
}

/** What publishing needs of its process. */
export interface DeliveryOptions {
  readonly logger: Logger;
  /** Aborting stops it, as `close` does. */
  readonly signal: AbortSignal;
}

/** An event log that is published. */
export interface PublishedLog {
  readonly ref: EventLogRef;
  readonly eventLog: LogReader<EventLogLine>;
  readonly tallies: LogReader<TallyLine>;
  /** Where it is kept up to where the log was published. */
  readonly directory: string;
  /** Behind which cursor it is published at first, while `directory` keeps nothing. Absent: the whole log. */
  readonly from?: LogCursor;
}

/** An event log that is being published. */
export interface Publishing extends Closeable {
  /** Resolves after `close`, rejects with what stopped it. */
  readonly ended: Promise<void>;
}
