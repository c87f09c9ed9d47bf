import type { LogReader } from 'banyan/runtime';
import { createBell } from './bell.ts';
import type { DeliveryHandler, RunningSubscription, Subscription } from './bus.ts';
import { eventLogName, type EventLogRef } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import { createMerge, type Announcement } from './merge.ts';
import { readEvents } from './read-events.ts';
import { runTogether } from './run-together.ts';

/** Bounds of a local subscription. */
export interface SubscriptionLimits {
  /** Events in one delivery at most. */
  readonly events: number;
  /** About how many bytes of event data in one delivery. */
  readonly bytes: number;
  /** Milliseconds between deliveries that carry progress and no events. */
  readonly progressEveryMs: number;
}

/** Bytes of an event log that are read at once. */
const readBytes = 256 * 1024;

/** A running local subscription, which the bus tells how far translators are. */
export interface LocalSubscription extends RunningSubscription {
  announce(log: EventLogRef, announcement: Announcement): void;
}

/** Follows the logs of a subscription and hands their merged events to the handler, one delivery at a time. */
export function runSubscription(
  subscription: Subscription,
  handler: DeliveryHandler,
  readerOf: (log: EventLogRef) => LogReader<EventLogLine>,
  limits: SubscriptionLimits,
): LocalSubscription {
  const merge = createMerge(subscription.logs, subscription.from);
  const readable = createBell();
  const types = new Set(subscription.types);
  const followers = subscription.logs.map((log) => ({ log, room: createBell() }));

  const follow = async ({ log, room }: (typeof followers)[number], signal: AbortSignal): Promise<void> => {
    const isEnding = (): boolean => signal.aborted;
    const after = subscription.from[eventLogName(log)];
    const reader = readerOf(log);
    const head = await reader.head();
    if (head && after && head.position <= after.position && after.index === undefined) {
      // Nothing is new in this log: its end still tells up to which time others need not wait for it.
      merge.push(log, { events: [], cursor: after, logTime: head.logTime });
      readable.ring();
    }
    const reading = { types, follow: true, signal, batchBytes: readBytes };
    for await (const chunk of readEvents(reader, log, { ...reading, ...(after && { after }) })) {
      if (isEnding()) return;
      merge.push(log, chunk);
      readable.ring();
      while (!merge.hasRoom(log) && !isEnding()) await room.heard(signal);
    }
  };

  const deliver = async (signal: AbortSignal): Promise<void> => {
    let delivered = 0;
    let owesProgress = false;
    while (!signal.aborted) {
      const { events, progress, moved } = merge.take(limits);
      for (const { room } of followers) room.ring();
      owesProgress ||= moved;
      const waited = performance.now() - delivered;
      if (events.length > 0 || (owesProgress && waited >= limits.progressEveryMs)) {
        await handler({ events, progress });
        delivered = performance.now();
        owesProgress = false;
      } else {
        await readable.heard(signal, owesProgress ? limits.progressEveryMs - waited : undefined);
      }
    }
  };

  const running = runTogether((signal) => [
    deliver(signal),
    ...followers.map((follower) => follow(follower, signal)),
  ]);
  return {
    ...running,
    announce: (log, announcement) => {
      merge.announce(log, announcement);
      readable.ring();
    },
  };
}
