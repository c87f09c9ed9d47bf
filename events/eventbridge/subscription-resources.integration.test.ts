import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DescribeRuleCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type DescribeRuleResponse,
  type Target,
} from '@aws-sdk/client-eventbridge';
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { closeAll, createLogger, type Closeable } from 'banyan/runtime';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import type { EventLogRef } from '../domain-event.ts';
import { queueName, ruleName } from './names.ts';
import { subscriptionPattern } from './pattern.ts';
import { ensureSubscription, removeSubscription, type SubscriptionPlace } from './subscription-resources.ts';
import { clientsOf, type Clients } from './testing/test-bus.ts';

const ministack = await emulator('ministack');
const ref: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };

describeWith([ministack], 'the rule and queue of a subscription', () => {
  const clients: Clients = clientsOf(ministack);
  const { events } = clients;
  afterAll(() => {
    events.destroy();
    clients.queues.destroy();
  });

  const subscription = { name: 'order-summary.g1', logs: [ref], types: ['A'] };
  const Rule = ruleName(subscription.name);
  let EventBusName: string;
  let place: SubscriptionPlace;
  let told: string[];
  let started: Closeable[];
  /** The names of the calls that write rules and targets. */
  let written: string[];

  beforeEach(async () => {
    [EventBusName, told, written] = [uniqueName(), [], []];
    await events.send(new CreateEventBusCommand({ Name: EventBusName }));
    const deleteBus = async (): Promise<void> => {
      await events.send(new DeleteEventBusCommand({ Name: EventBusName }));
    };
    started = [{ close: deleteBus }];
    place = { ...clients, busName: EventBusName, logger: createLogger({ write: (line) => told.push(line) }) };
    started.push({ close: () => removeSubscription(place, subscription.name) });
    events.middlewareStack.add(
      (next, { commandName = '' }) =>
        (args) => {
          if (commandName.startsWith('Put')) written.push(commandName);
          return next(args);
        },
      { step: 'initialize', name: 'written', override: true },
    );
  });
  afterEach(() => closeAll(started));

  const ruleNow = (): Promise<DescribeRuleResponse> =>
    events.send(new DescribeRuleCommand({ Name: Rule, EventBusName }));
  const targetsNow = async (): Promise<readonly Target[]> =>
    (await events.send(new ListTargetsByRuleCommand({ Rule, EventBusName }))).Targets ?? [];
  const targetNow = async (): Promise<Target> => {
    const [target, ...others] = await targetsNow();
    expect(others).toEqual([]);
    if (!target) throw new Error('The rule has no target.');
    return target;
  };

  test('made once, nothing is written again', async () => {
    await ensureSubscription(place, subscription);
    expect(written).toEqual(['PutRuleCommand', 'PutTargetsCommand']);
    const before = { ...(await ruleNow()), ...(await targetNow()), $metadata: expect.anything() };
    await ensureSubscription(place, subscription);
    expect(written).toHaveLength(2);
    expect({ ...(await ruleNow()), ...(await targetNow()) }).toEqual(before);
    expect(told).toEqual([]);
  });

  test('what an operator has set stays, also when the pattern changes', async () => {
    await ensureSubscription(place, subscription);
    const RetryPolicy = { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 5 };
    const DeadLetterConfig = { Arn: 'arn:aws:sqs:us-east-1:000000000000:dlq' };
    const target = { ...(await targetNow()), RetryPolicy, DeadLetterConfig };
    await events.send(new PutTargetsCommand({ Rule, EventBusName, Targets: [target] }));
    const { EventPattern } = await ruleNow();
    const rule = { Description: 'Held for the migration.', State: 'DISABLED' } as const;
    await events.send(new PutRuleCommand({ Name: Rule, EventBusName, EventPattern, ...rule }));
    for (const types of [['A'], ['A', 'B']]) {
      await ensureSubscription(place, { ...subscription, types });
      const pattern = subscriptionPattern({ ...subscription, types });
      const now = await ruleNow();
      expect(now).toMatchObject(rule);
      expect(JSON.parse(now.EventPattern ?? '')).toEqual(JSON.parse(pattern));
      expect(await targetNow()).toEqual(target);
      expect(told.at(-1)).toContain('switched off');
    }
    expect(told).toHaveLength(2);
  });

  test('a target of another kind stays beside ours; one that has the queue by another id is enough', async () => {
    await ensureSubscription(place, subscription);
    const ours = await targetNow();
    const other = { Id: 'audit', Arn: 'arn:aws:sqs:us-east-1:000000000000:audit' };
    const Targets = [{ ...ours, Id: 'theirs' }, other];
    await removeSubscription(place, subscription.name);
    await ensureSubscription(place, { ...subscription, types: ['B'] });
    await events.send(new PutTargetsCommand({ Rule, EventBusName, Targets: [other] }));
    await ensureSubscription(place, subscription);
    expect(new Set((await targetsNow()).map(({ Id }) => Id))).toEqual(new Set(['queue', 'audit']));

    await removeSubscription(place, subscription.name);
    await expect(ruleNow()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const EventPattern = subscriptionPattern(subscription);
    await events.send(new PutRuleCommand({ Name: Rule, EventBusName, EventPattern }));
    await events.send(new PutTargetsCommand({ Rule, EventBusName, Targets }));
    await ensureSubscription(place, subscription);
    expect(new Set((await targetsNow()).map(({ Id }) => Id))).toEqual(new Set(['theirs', 'audit']));
  });

  test('what others have allowed on the queue of a subscription stays allowed', async () => {
    const url = await ensureSubscription(place, subscription);
    const policy = async (): Promise<{ Statement: { Sid?: string; Resource: string }[] }> => {
      const QueueName = queueName(EventBusName, subscription.name);
      const { QueueUrl } = await clients.queues.send(new GetQueueUrlCommand({ QueueName }));
      expect(QueueUrl).toBe(url);
      const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] });
      const { Attributes } = await clients.queues.send(asked);
      return JSON.parse(Attributes?.['Policy'] ?? '') as Awaited<ReturnType<typeof policy>>;
    };
    const [ours] = (await policy()).Statement;
    const theirs = {
      ...ours,
      Sid: 'Theirs',
      Condition: undefined,
      Principal: { Service: 'sns.amazonaws.com' },
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [theirs] });
    await clients.queues.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
    for (const time of ['first', 'second']) {
      await ensureSubscription(place, subscription);
      const sids = (await policy()).Statement.map(({ Sid }) => Sid);
      expect({ time, sids }).toEqual({ time, sids: ['Theirs', 'BanyanRule'] });
    }
  });
});
