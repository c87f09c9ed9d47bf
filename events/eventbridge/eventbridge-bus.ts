import { once, silentLogger } from 'banyan/runtime';
import type { Bus, RunningSubscription } from '../bus.ts';
import { createSubscriptions } from '../subscriptions.ts';
import { createBackoff } from './backoff.ts';
import type { Probe } from './detail.ts';
import { runQueueSubscription, type QueueSubscriptionLimits } from './queue-subscription.ts';
import type { ResolveReference } from './references.ts';
import { createEventSender, type EventSender, type EventSenderOptions } from './sender.ts';
import { ensureSubscription, removeSubscription, type SubscriptionPlace } from './subscription-resources.ts';

/** What an EventBridge bus needs. */
export interface EventBridgeBusOptions extends EventSenderOptions, SubscriptionPlace {
  /** Finds what was published as a reference, as `resolveFromLogs` does. */
  readonly resolve: ResolveReference;
  /** Told of each probe that came through its subscription. */
  readonly onProbe?: (probe: Probe) => void;
  /** Default: 4 deliveries at once, polls of 20 s, hidden for 60 s, redelivery after 1 s to 15 minutes. */
  readonly delivery?: Partial<QueueSubscriptionLimits>;
}

/** A bus of EventBridge rules and SQS queues: unordered, at least once. */
export interface EventBridgeBus extends Bus, EventSender {
  /** Removes the rule and the queue of a subscription, with what waits in it. Nobody may be subscribed. */
  remove(subscription: string): Promise<void>;
}

/**
 * Makes a bus on EventBridge for processes that run: containers, a laptop, tests; functions are fed by the same rules
 * and queues. A subscription makes what it is missing: a queue, a rule, and the right of one to send to the other. They
 * stay when it is closed and collect, for 14 days, until it is subscribed again or removed. Processes that subscribe
 * under one name share its events. Closing the bus closes its subscriptions and stops what is being published.
 */
export function createEventBridgeBus(options: EventBridgeBusOptions): EventBridgeBus {
  const { queues, resolve, logger = silentLogger, onProbe = () => undefined } = options;
  const limits = {
    inFlight: 4,
    waitSeconds: 20,
    hiddenSeconds: 60,
    retrySeconds: 1,
    mostRetrySeconds: 900,
    ...options.delivery,
  };
  const backoff = createBackoff(options.backoff);
  const sender = createEventSender(options);
  const subscriptions = createSubscriptions<RunningSubscription>();
  return {
    ...sender,
    subscribe: async (subscription, handler) => {
      const queueUrl = await ensureSubscription(options, subscription);
      const parts = { queues, queueUrl, resolve, onProbe, limits, backoff, logger };
      return subscriptions.start(subscription.name, () => runQueueSubscription(subscription, handler, parts));
    },
    remove: (subscription) => removeSubscription(options, subscription),
    close: once(async () => {
      await Promise.all([subscriptions.close(), sender.close()]);
    }),
  };
}
