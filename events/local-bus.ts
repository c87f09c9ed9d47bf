import type { LogReader } from 'banyan/runtime';
import type { Bus } from './bus.ts';
import { eventLogName, type EventLogRef } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import { runSubscription, type LocalSubscription, type SubscriptionLimits } from './local-subscription.ts';
import type { Announcement } from './merge.ts';
import { createSubscriptions } from './subscriptions.ts';

/** What the local bus needs. */
export interface LocalBusOptions {
  /** Finds the log of a translation: its translator's own, or one opened for reading only. */
  readonly eventLog: (log: EventLogRef) => LogReader<EventLogLine>;
  /** Default: 1000 events, 1 MiB, progress without events every 200 ms at most. */
  readonly limits?: Partial<SubscriptionLimits>;
}

/**
 * A bus within one machine: durable and ordered, because each subscriber follows the event logs itself, merged by
 * order key up to the frontier.
 */
export interface LocalBus extends Bus {
  /** Tells subscribers of this process at once how far a translator is; without it they wait for the log's next entry. */
  announce(log: EventLogRef, announcement: Announcement): void;
}

/** Makes a local bus. Closing it closes its subscriptions. */
export function createLocalBus({ eventLog, limits }: LocalBusOptions): LocalBus {
  const bounds = { events: 1000, bytes: 1024 * 1024, progressEveryMs: 200, ...limits };
  const subscriptions = createSubscriptions<LocalSubscription>();
  const announcements = new Map<string, [EventLogRef, Announcement]>();
  return {
    publish: () => Promise.resolve(),

    subscribe: async (subscription, handler) => {
      const started = subscriptions.start(subscription.name, () =>
        runSubscription(subscription, handler, eventLog, bounds),
      );
      for (const [log, announcement] of announcements.values()) started.announce(log, announcement);
      return started;
    },
    announce: (log, announcement) => {
      announcements.set(eventLogName(log), [log, announcement]);
      for (const subscription of subscriptions.running()) subscription.announce(log, announcement);
    },
    close: () => subscriptions.close(),
  };
}
