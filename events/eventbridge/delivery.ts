import { nodeFileSystem, once, systemClock, type Clock } from 'banyan/runtime';
import type { DeliveryOptions, EventDelivery, PublishedLog, Publishing } from '../delivery.ts';
import { createBackoff } from './backoff.ts';
import { checkedCursor } from './checked-cursor.ts';
import { lookAtBus } from './look-at-bus.ts';
import { filePublishCursor } from './publish-cursor.ts';
import { startPublisher } from './publisher.ts';
import { createEventSender, type EventSenderOptions } from './sender.ts';
import { publishTallies } from './publish-tallies.ts';
import { createStreaks, type Streaks } from './streaks.ts';

/** Where domain events are published. */
export interface EventBridgeDelivery extends Omit<EventSenderOptions, 'logger'> {
  /** Seconds that the queues of its subscribers keep a message. Default: `replay plan` does not check it. */
  readonly retentionSeconds?: number;
  /** Seconds between looks whether the bus is there still, at least. Default 5. */
  readonly checkSeconds?: number;
  readonly clock?: Clock;
}

/** The `delivery` of a configuration: `banyan run` publishes events and tallies onto an EventBridge bus. */
export function eventBridge({ retentionSeconds, ...options }: EventBridgeDelivery): EventDelivery {
  const streaks = createStreaks();
  return {
    kind: 'eventbridge',
    ...(retentionSeconds !== undefined && { retentionSeconds }),
    probe: async (probe, { logger, signal }) => {
      // Otherwise a bus that is not there would be told as a function that is not deployed.
      const found = await lookAtBus({ ...options, signal });
      if (found.kind === 'missing') throw found.error;
      await createEventSender({ ...options, logger }).publishProbe(probe, signal);
    },
    published: (directory) => filePublishCursor({ directory, fileSystem: nodeFileSystem }).read(),
    publish: (log, how) => publish(log, options, { ...how, streaks }),
  };
}

async function publish(
  log: PublishedLog,
  options: EventBridgeDelivery,
  { logger, signal: outer, streaks }: DeliveryOptions & { readonly streaks: Streaks },
): Promise<Publishing> {
  const { ref, eventLog, directory, from = { position: 0 } } = log;
  const { events, busName, checkSeconds = 5, clock = systemClock } = options;
  const closing = new AbortController();
  const signal = AbortSignal.any([outer, closing.signal]);
  const file = filePublishCursor({ directory, fileSystem: nodeFileSystem });
  const checked = { events, busName, cursor: file, from, everyMs: checkSeconds * 1000, clock };
  const cursor = await checkedCursor({ ...checked, logger, signal, streaks });
  const sender = createEventSender({ ...options, logger });
  const publisher = await startPublisher({ ref, eventLog, bus: sender, cursor, logger, signal, from });
  // What has failed publishes nothing more: who begins again begins with both.
  publisher.ended.catch(() => closing.abort());
  const backoff = createBackoff(options.backoff);
  const tallies = publishTallies(log, { sender, backoff, logger, signal, streaks });
  return {
    ended: publisher.ended,
    close: once(async () => {
      closing.abort();
      // What is being put is given up: it is in the log.
      await sender.close();
      await tallies;
      await publisher.close();
    }),
  };
}
