import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { ListRulesCommand, TestEventPatternCommand } from '@aws-sdk/client-eventbridge';
import { GetQueueUrlCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { canonicalJson, createLogger } from 'banyan/runtime';
import fc from 'fast-check';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { eventually } from '../../kit/eventually.ts';
import { busContract } from '../bus.contract.ts';
import type { Delivery, RunningSubscription } from '../bus.ts';
import type { DomainEvent, EventLogRef } from '../domain-event.ts';
import { eventAt } from '../event-log.ts';
import { readEvents } from '../read-events.ts';
import { timeAt } from '../testing/change-entries.ts';
import { eventLogs, type EventLogs } from '../testing/log-fixture.ts';
import type { Probe } from './detail.ts';
import { eventEntry, probeEntry, tallyEntry } from './entries.ts';
import type { EventBridgeBus, EventBridgeBusOptions } from './eventbridge-bus.ts';
import { queueName } from './names.ts';
import { subscriptionPattern, tallyPattern } from './pattern.ts';
import { clientsOf, openBus, type Clients } from './testing/test-bus.ts';

const ministack = await emulator('ministack');
const orders: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };
const fixed = { ...orders, version: 2 };
const limits = { entries: 10, bytes: 262_143 };

describeWith([ministack], 'on MiniStack', () => {
  const clients: Clients = clientsOf(ministack);
  afterAll(() => {
    clients.events.destroy();
    clients.queues.destroy();
  });

  busContract({ name: 'EventBridge', kind: 'unordered', open: (logs) => openBus(clients, logs) });

  let logs: EventLogs;
  const opened: EventBridgeBus[] = [];
  beforeEach(async () => {
    logs = await eventLogs();
    await logs.writer(orders);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((bus) => bus.close()));
    await logs.close();
  });

  async function open(options: Partial<EventBridgeBusOptions> = {}): ReturnType<typeof openBus> {
    const bus = await openBus(clients, logs, options);
    opened.push(bus);
    return bus;
  }

  async function listen(
    bus: EventBridgeBus,
    options: { name?: string; types?: string[]; handler?: (delivery: Delivery) => void } = {},
  ): Promise<{ events: DomainEvent[]; subscription: RunningSubscription }> {
    const { name = 'order-summary.g3', types = ['A', 'B'], handler } = options;
    const events: DomainEvent[] = [];
    const subscription = await bus.subscribe({ name, logs: [orders], types, from: {} }, async (delivery) => {
      handler?.(delivery);
      events.push(...delivery.events);
    });
    return { events, subscription };
  }

  const large = 'x'.repeat(300_000);
  const eventOf = (log: EventLogRef, type: string, position = 1, data = {}): DomainEvent =>
    eventAt(
      log,
      { position, index: 0, logTime: timeAt(position), committedAt: timeAt(position) },
      { type, data },
    );

  test('an event over the limit goes as a reference and comes whole; one that is not in the log yet comes later', async () => {
    const bus = await open();
    const { events } = await listen(bus);
    const whole = eventOf(orders, 'A', 3, { large });
    await bus.publish([eventOf(orders, 'B', 1), whole, eventOf(orders, 'B', 4)]);
    await eventually(() =>
      expect(events.map(({ position }) => position)).toEqual(expect.arrayContaining([1, 4])),
    );
    expect(events.map(({ position }) => position)).not.toContain(3);
    const { logTime, committedAt, id, type, data } = whole;
    const line = { kind: 'events' as const, logTime, committedAt, first: 0, events: [{ id, type, data }] };
    const log = await logs.writer(orders);
    log.append(3, line);
    await log.sync();
    const found = await eventually(() => {
      const event = events.find(({ position }) => position === 3);
      if (!event) throw new Error('not there yet');
      return event;
    });
    expect(canonicalJson(found)).toBe(canonicalJson(whole));
  });

  test('what queues refuse comes whole, since it goes as a reference', async () => {
    const bus = await open();
    const { events } = await listen(bus);
    const whole = eventOf(orders, 'A', 1, { 'a\uffff': 'b\ufffe', half: '\ud83d', control: '\u0000\u001b' });
    const { logTime, committedAt, id, type, data } = whole;
    const log = await logs.writer(orders);
    log.append(1, { kind: 'events', logTime, committedAt, first: 0, events: [{ id, type, data }] });
    await log.sync();
    await bus.publish([whole, eventOf(orders, 'B', 2, { control: '\u0000\u001b\u007f' })]);
    await eventually(() => expect(new Set(events.map(({ position }) => position))).toEqual(new Set([1, 2])));
    for (const event of events)
      expect(event.data).toEqual(event.position === 1 ? data : { control: '\u0000\u001b\u007f' });
  });

  test('a subscription outlives a name that is not found, and credentials that run out; not such as never were', async () => {
    const bus = await open();
    let failure: Error | undefined;
    let failed = 0;
    const { queues } = clients;
    const name = 'failing';
    queues.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (!failure || commandName !== 'ReceiveMessageCommand') return next(args);
          failed += 1;
          throw failure;
        },
      { step: 'finalizeRequest', name, priority: 'low' },
    );
    try {
      const { events } = await listen(bus);
      await bus.publish([eventOf(orders, 'A', 1)]);
      await eventually(() => expect(events).toHaveLength(1));
      const code = 'ENOTFOUND';
      const failures = [
        Object.assign(new Error('getaddrinfo ENOTFOUND sqs.us-east-1.amazonaws.com'), { code }),
        Object.assign(new Error('They have run out.'), { name: 'ExpiredTokenException' }),
      ];
      for (const [at, one] of failures.entries()) {
        [failure, failed] = [one, 0];
        await eventually(() => expect(failed).toBeGreaterThan(2));
        failure = undefined;
        await bus.publish([eventOf(orders, 'A', at + 2)]);
        await eventually(() => expect(events.map(({ position }) => position)).toContain(at + 2));
      }
      failure = Object.assign(new Error('There are none.'), { name: 'CredentialsProviderError' });
      const { subscription } = await listen(bus, { name: 'other.g1' });
      await expect(subscription.ended).rejects.toMatchObject({ code: 'QUEUE_REFUSED' });
    } finally {
      queues.middlewareStack.remove(name);
    }
  });

  test('more events than a call takes come, all of them', async () => {
    const bus = await open();
    const { events } = await listen(bus);
    await logs.append(
      orders,
      1,
      1,
      Array.from({ length: 57 }, (_, at) => (at % 2 ? 'A' : 'B')),
    );
    for await (const chunk of readEvents(logs.inProcess(orders), orders)) await bus.publish(chunk.events);
    await eventually(() => expect(new Set(events.map(({ index }) => index)).size).toBe(57));
  });

  test('a probe comes through its own subscription, a tally through none', async () => {
    const probes: Probe[] = [];
    const bus = await open({ onProbe: (probe) => void probes.push(probe) });
    const [one, other] = [await listen(bus), await listen(bus, { name: 'other.g1' })];
    const tally = { log: 'shop:orders@1', after: 0, to: 1, logTime: timeAt(1), at: timeAt(1), counts: {} };
    await bus.publishTally(orders, tally);
    const made = ['order-summary.g3', 'other.g1'].map((subscription, at) => ({
      ...{ subscription, id: `p${String(at)}`, at: timeAt(at) },
    }));
    for (const probe of made) await bus.publishProbe(probe);
    await eventually(() => expect(new Set(probes.map(({ id }) => id))).toEqual(new Set(['p0', 'p1'])));
    for (const probe of probes) expect(made).toContainEqual(probe);
    expect([one.events, other.events]).toEqual([[], []]);
  });

  test('types that a subscription does not want any more are not delivered, though they wait in its queue', async () => {
    const bus = await open();
    await (await listen(bus)).subscription.close();
    await bus.publish([eventOf(orders, 'B', 1), eventOf(orders, 'A', 2)]);
    const { events } = await listen(bus, { types: ['A'] });
    await bus.publish([eventOf(orders, 'B', 3), eventOf(orders, 'A', 4)]);
    await eventually(() => expect(new Set(events.map(({ position }) => position))).toEqual(new Set([2, 4])));
  });

  test('a message that cannot be read is told and comes again; the others are delivered', async () => {
    const lines: string[] = [];
    const bus = await open({ logger: createLogger({ write: (line) => void lines.push(line) }) });
    const { events } = await listen(bus);
    const QueueName = queueName(bus.busName, 'order-summary.g3');
    const { QueueUrl } = await clients.queues.send(new GetQueueUrlCommand({ QueueName }));
    const MessageBody = JSON.stringify({ detail: { specversion: '1.0', kind: 'event' } });
    await clients.queues.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    await bus.publish([eventOf(orders, 'A')]);
    await eventually(() => {
      const told = lines.filter((line) => line.includes('DETAIL_INVALID'));
      expect(told.length).toBeGreaterThan(1);
      expect(events).not.toHaveLength(0);
    });
  });

  test('removed, a subscription has neither rule nor queue, and another bus of its name is not touched', async () => {
    const [bus, another] = [await open(), await open()];
    for (const one of [bus, another]) await (await listen(one)).subscription.close();
    const rules = async ({ busName }: { busName: string }): Promise<unknown[]> =>
      (await clients.events.send(new ListRulesCommand({ EventBusName: busName }))).Rules ?? [];
    expect(await rules(bus)).toHaveLength(1);
    await bus.remove('order-summary.g3');
    await bus.remove('order-summary.g3');
    expect(await rules(bus)).toEqual([]);
    const QueueName = queueName(bus.busName, 'order-summary.g3');
    // A queue of AWS is gone within a minute.
    await eventually(async () => {
      const asked = clients.queues.send(new GetQueueUrlCommand({ QueueName }));
      await expect(asked).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
    });
    const { events } = await listen(another);
    await another.publish([eventOf(orders, 'A')]);
    await eventually(() => expect(events).not.toHaveLength(0));
  });

  test('a bus that is not there is told at the subscription', async () => {
    const bus = await open({ busName: uniqueName() });
    await expect(listen(bus)).rejects.toMatchObject({ code: 'SUBSCRIPTION_REFUSED', retryable: false });
    await bus.remove('order-summary.g3');
  });

  test('a queue that is gone ends its subscription', async () => {
    const bus = await open();
    const { subscription } = await listen(bus);
    await bus.remove('order-summary.g3');
    await expect(subscription.ended).rejects.toMatchObject({ code: 'QUEUE_REFUSED' });
  });

  test('a pattern matches exactly what a subscription wants', async () => {
    const log = fc.constantFrom(
      orders,
      fixed,
      { ...orders, translation: 'people' },
      { ...orders, source: 'crm' },
    );
    const type = fc.constantFrom('A', 'B', 'C');
    const wanted = fc.record({ logs: fc.uniqueArray(log, { maxLength: 3 }), types: fc.uniqueArray(type) });
    await fc.assert(
      fc.asyncProperty(wanted, log, type, fc.constantFrom({}, { large }), async (wants, ref, one, data) => {
        const name = 'one.g1';
        const isWanted = wants.types.includes(one) && wants.logs.includes(ref);
        const tally = { log: '', after: 0, to: 1, logTime: timeAt(1), at: timeAt(1), counts: {} };
        const pattern = subscriptionPattern({ name, ...wants });
        const event = eventEntry(eventOf(ref, one, 1, data), limits);
        expect(await isMatched(pattern, event)).toBe(isWanted);
        expect(await isMatched(pattern, tallyEntry(ref, tally))).toBe(false);
        for (const subscription of [name, 'two.g1']) {
          const probe = probeEntry({ subscription, id: 'p', at: timeAt(1) });
          expect(await isMatched(pattern, probe)).toBe(subscription === name);
        }
        if (wants.logs.length === 0) return;
        const isCounted = wants.logs.includes(ref);
        expect(await isMatched(tallyPattern(wants.logs), tallyEntry(ref, tally))).toBe(isCounted);
        expect(await isMatched(tallyPattern(wants.logs), event)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  async function isMatched(EventPattern: string, entry: ReturnType<typeof eventEntry>): Promise<boolean> {
    const { Source, DetailType, Detail = '' } = entry;
    const envelope = { source: Source, 'detail-type': DetailType, detail: JSON.parse(Detail) as unknown };
    const rest = {
      id: '1',
      account: '000000000000',
      time: '2026-01-01T00:00:00Z',
      region: 'us-east-1',
      resources: [],
    };
    const Event = JSON.stringify({ ...rest, ...envelope });
    const { Result } = await clients.events.send(new TestEventPatternCommand({ EventPattern, Event }));
    return Result === true;
  }
});
