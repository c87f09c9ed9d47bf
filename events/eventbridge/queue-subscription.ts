import type { SQSClient } from '@aws-sdk/client-sqs';
import { toError, type Logger } from 'banyan/runtime';
import type { DeliveryHandler, RunningSubscription, Subscription } from '../bus.ts';
import { runTogether } from '../run-together.ts';
import { isPassing, refusalOf, refusedByAws } from './aws-failure.ts';
import type { Backoff } from './backoff.ts';
import type { Probe } from './detail.ts';
import { openMessage, type Opened } from './open-message.ts';
import { putBack, receive, remove, type QueueLimits } from './queue.ts';
import type { ResolveReference } from './references.ts';
import { isToTell } from './streaks.ts';

/** Bounds of a subscription that reads a queue. */
export interface QueueSubscriptionLimits extends QueueLimits {
  /** Deliveries under way at once, of ten events at most. */
  readonly inFlight: number;
}

/** What a subscription has of its bus. */
export interface QueueParts {
  readonly queues: SQSClient;
  readonly queueUrl: string;
  readonly resolve: ResolveReference;
  readonly onProbe: (probe: Probe) => void;
  readonly limits: QueueSubscriptionLimits;
  readonly backoff: Backoff;
  readonly logger: Logger;
}

/** Takes messages from a subscription's queue and hands their events over, several deliveries at once, until closed. */
export function runQueueSubscription(
  subscription: Subscription,
  handler: DeliveryHandler,
  parts: QueueParts,
): RunningSubscription {
  return runTogether((signal) =>
    Array.from({ length: parts.limits.inFlight }, () => runLane(subscription, handler, parts, signal)),
  );
}

async function runLane(
  subscription: Subscription,
  handler: DeliveryHandler,
  parts: QueueParts,
  signal: AbortSignal,
): Promise<void> {
  const { queues, queueUrl, limits, backoff, logger } = parts;
  const { name } = subscription;
  let failed = 0;
  let hasRead = false;
  while (!signal.aborted) {
    try {
      const messages = await receive(queues, queueUrl, limits, signal);
      const opening = messages.map((message) => openMessage(message, subscription, parts.resolve));
      if (messages.length > 0) await deliver(await Promise.all(opening), name, handler, parts);
      failed = 0;
      hasRead = true;
    } catch (thrown) {
      if (!isPassing(thrown) && !(hasRead && isRenewed(thrown)))
        throw refusedByAws('QUEUE_REFUSED', `The queue of ${name} cannot be read`, thrown, actions);
      failed += 1;
      const about = { err: toError(thrown), subscription: name, failed };
      if (isToTell(failed)) logger.warn(about, 'the queue was not reached; it is tried again');
      await backoff.wait(failed, signal);
    }
  }
}

/** The rights that reading a queue needs. */
const actions = 'sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility';

/** Credentials that were good once have run out: whoever gives them to this process renews them. */
function isRenewed(thrown: unknown): boolean {
  return refusalOf(toError(thrown)) === 'credentials';
}

/** Hands over the events of one call; what was taken is deleted, what was refused or not read comes again. */
async function deliver(
  opened: readonly Opened[],
  name: string,
  handler: DeliveryHandler,
  parts: QueueParts,
): Promise<void> {
  const { queues, queueUrl, limits, onProbe, logger } = parts;
  const events = opened.filter((one) => one.kind === 'event');
  const isTaken = events.length === 0 || (await isTakenBy(handler, events, name, logger));
  const refused = isTaken ? [] : events;
  const unread = opened.filter((one) => one.kind === 'unread');
  for (const { error, message } of unread) {
    logger.error({ err: error, subscription: name, message: message.MessageId }, 'a message was not read');
  }
  for (const one of opened) if (one.kind === 'probe') onProbe(one.probe);
  const back = new Set<Opened>([...unread, ...refused]);
  const done = opened.filter((one) => !back.has(one));
  await putBack(queues, queueUrl, messagesOf([...back]), limits);
  const left = await remove(queues, queueUrl, messagesOf(done));
  if (left > 0) logger.warn({ subscription: name, left }, 'messages were not deleted; they come again');
}

async function isTakenBy(
  handler: DeliveryHandler,
  events: readonly Extract<Opened, { kind: 'event' }>[],
  name: string,
  logger: Logger,
): Promise<boolean> {
  try {
    await handler({ events: events.map(({ event }) => event), progress: undefined });
    return true;
  } catch (thrown) {
    const about = { err: toError(thrown), subscription: name, events: events.length };
    logger.warn(about, 'a delivery was refused; it comes again');
    return false;
  }
}

function messagesOf(opened: readonly Opened[]): Opened['message'][] {
  return opened.map(({ message }) => message);
}
