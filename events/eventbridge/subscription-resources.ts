import { ResourceNotFoundException, type EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { BanyanError, type Logger } from 'banyan/runtime';
import type { Subscription } from '../bus.ts';
import { refusedByAws } from './aws-failure.ts';
import { queueName, ruleName } from './names.ts';
import { subscriptionPattern } from './pattern.ts';
import { policyAllowing } from './queue-policy.ts';
import { ensureRule, ensureTarget, removeRule } from './subscription-rule.ts';

/** Where subscriptions have their rules and queues. */
export interface SubscriptionPlace {
  readonly events: EventBridgeClient;
  readonly queues: SQSClient;
  /** Name or ARN of the event bus. */
  readonly busName: string;
  /** Characters that the account allows a rule's pattern. Default 2,048. */
  readonly patternBytes?: number;
  /** Told of a rule that somebody has switched off. */
  readonly logger?: Logger;
}

/** SQS keeps what nobody takes for 14 days at most. */
const retentionSeconds = 14 * 24 * 3600;

/**
 * Makes the queue, the rule and its target where they are missing, and gives the rule the subscription's pattern. Only
 * what differs is written, and what an operator has set stays: the queue's other rights and dead-letter queue; the
 * rule's state and description; the target's retries and dead-letter queue; other targets. May be called again at any
 * time, also after it was cut off.
 * @returns the queue's URL
 * @throws BanyanError PATTERN_TOO_LARGE, SUBSCRIPTION_REFUSED
 */
export async function ensureSubscription(
  place: SubscriptionPlace,
  subscription: Pick<Subscription, 'name' | 'logs' | 'types'>,
): Promise<string> {
  const pattern = subscriptionPattern(subscription, place.patternBytes);
  const rule = { events: place.events, bus: place.busName, name: ruleName(subscription.name) };
  try {
    const { url, arn, policy } = await ensureQueue(place, subscription.name);
    // The rule is made last: what it matches has somewhere to go from the first event on.
    const { arn: ruleArn, isOff } = await ensureRule(rule, pattern);
    const Policy = policyAllowing(policy, { queue: arn, rule: ruleArn });
    if (Policy !== undefined)
      await place.queues.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
    await ensureTarget(rule, arn);
    if (isOff) {
      const about = { subscription: subscription.name, rule: rule.name, busName: place.busName };
      place.logger?.warn(
        about,
        'the rule of a subscription is switched off: nothing comes until it is switched on',
      );
    }
    return url;
  } catch (thrown) {
    throw refused(subscription.name, thrown);
  }
}

/** Removes the rule with its targets, and the queue with what is in it; what is missing already is no error. */
export async function removeSubscription(place: SubscriptionPlace, name: string): Promise<void> {
  const { events, queues, busName } = place;
  try {
    await unlessMissing(removeRule({ events, bus: busName, name: ruleName(name) }));
    const QueueName = queueName(busName, name);
    const found = await unlessMissing(queues.send(new GetQueueUrlCommand({ QueueName })));
    if (found) await unlessMissing(queues.send(new DeleteQueueCommand({ QueueUrl: found.QueueUrl })));
  } catch (thrown) {
    throw refused(name, thrown);
  }
}

async function ensureQueue(
  { queues, busName }: SubscriptionPlace,
  name: string,
): Promise<{ url: string; arn: string; policy: string | undefined }> {
  const QueueName = queueName(busName, name);
  const Attributes = { MessageRetentionPeriod: String(retentionSeconds) };
  const found = await unlessMissing(queues.send(new GetQueueUrlCommand({ QueueName })));
  const { QueueUrl } = found ?? (await queues.send(new CreateQueueCommand({ QueueName, Attributes })));
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn', 'Policy'] });
  const { Attributes: known } = await queues.send(asked);
  return { url: String(QueueUrl), arn: String(known?.['QueueArn']), policy: known?.['Policy'] };
}

async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ResourceNotFoundException || error instanceof QueueDoesNotExist) return undefined;
    throw error;
  }
}

/** The rights that keeping and removing them needs. */
const actions =
  'the actions on rules and queues that events/README.md lists (events:PutRule, sqs:CreateQueue, ...)';

function refused(name: string, thrown: unknown): BanyanError {
  if (thrown instanceof BanyanError) return thrown;
  return refusedByAws(
    'SUBSCRIPTION_REFUSED',
    `The rule and queue of ${name} cannot be kept`,
    thrown,
    actions,
  );
}
