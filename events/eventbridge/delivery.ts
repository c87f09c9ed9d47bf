import { nodeFileSystem, once, type Logger } from 'banyan/runtime';
import { eventLogName } from '../domain-event.ts';
import type { EventDelivery, PublishedLog, Publishing } from '../delivery.ts';
import { filePublishCursor } from './publish-cursor.ts';
import { startPublisher } from './publisher.ts';
import { createEventSender, type EventSender, type EventSenderOptions } from './sender.ts';
import { publishTallies } from './publish-tallies.ts';

/** Where domain events are published. */
export interface EventBridgeDelivery extends Omit<EventSenderOptions, 'logger'> {
  /** Seconds that the queues of its subscribers keep a message. Default: `replay plan` does not check it. */
  readonly retentionSeconds?: number;
}

/** The `delivery` of a configuration: `banyan run` publishes events and tallies onto an EventBridge bus. */
export function eventBridge({ retentionSeconds, ...options }: EventBridgeDelivery): EventDelivery {
  return {
    kind: 'eventbridge',
    ...(retentionSeconds !== undefined && { retentionSeconds }),
    probe: (probe, { logger, signal }) =>
      createEventSender({ ...options, logger }).publishProbe(probe, signal),
    publish: (log, { logger, signal }) =>
      publish(log, createEventSender({ ...options, logger }), logger, signal),
  };
}

async function publish(
  log: PublishedLog,
  sender: EventSender,
  logger: Logger,
  signal: AbortSignal,
): Promise<Publishing> {
  const { ref, eventLog, directory, from } = log;
  const cursor = filePublishCursor({ directory, fileSystem: nodeFileSystem });
  const closing = new AbortController();
  const either = AbortSignal.any([signal, closing.signal]);
  const publisher = await startPublisher({
    ...{ ref, eventLog, bus: sender, cursor, logger, signal: either },
    ...(from && { from }),
  });
  const tallies = publishTallies(log, sender, either).catch((err: unknown) => {
    // They are in their log, and only ring a bell: who watches the watermarks looks by the clock as well.
    logger.warn({ err, log: eventLogName(ref) }, 'tallies are not published any more');
  });
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
