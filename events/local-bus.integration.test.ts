import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../kit/eventually.ts';
import type { Delivery, RunningSubscription } from './bus.ts';
import type { EventLogRef, Progress } from './domain-event.ts';
import { createLocalBus, type LocalBus } from './local-bus.ts';
import { timeAt } from './testing/change-entries.ts';
import { eventLogs, type EventLogs } from './testing/log-fixture.ts';

const orders: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };
const invoices: EventLogRef = { source: 'billing', translation: 'invoices', version: 1 };

let logs: EventLogs;
let bus: LocalBus;

beforeEach(async () => {
  logs = await eventLogs();
  await logs.writer(orders);
  await logs.writer(invoices);
  bus = createLocalBus({ eventLog: logs.inProcess, limits: { progressEveryMs: 10 } });
});
afterEach(async () => {
  await bus.close();
  await logs.close();
});

/** Subscribes and keeps what is delivered. */
async function listen(
  on: readonly EventLogRef[],
  options: {
    types?: string[];
    from?: Progress;
    busy?: (delivery: Delivery) => Promise<void>;
    by?: LocalBus;
  } = {},
): Promise<{ ids: () => string[]; deliveries: Delivery[]; subscription: RunningSubscription }> {
  const { types = ['A', 'B'], from = {}, busy, by = bus } = options;
  const deliveries: Delivery[] = [];
  const subscription = await by.subscribe({ name: 'test', logs: on, types, from }, async (delivery) => {
    await busy?.(delivery);
    deliveries.push(delivery);
  });
  const ids = (): string[] => deliveries.flatMap(({ events }) => events.map(({ id }) => id));
  return { ids, deliveries, subscription };
}

test('a subscriber of one log gets its events as they become durable', async () => {
  await logs.append(orders, 1, 10, ['A', 'B']);
  const { ids, deliveries } = await listen([orders]);
  await logs.append(orders, 4, 11, ['B']);
  await eventually(() => {
    expect(ids()).toEqual(['shop:orders@1:1:0', 'shop:orders@1:1:1', 'shop:orders@1:4:0']);
  });
  expect(deliveries.at(-1)?.progress).toEqual({ 'shop:orders@1': { position: 4 } });
});

test('other types are left out and still count in the progress', async () => {
  const { ids, deliveries } = await listen([orders], { types: ['B'] });
  await logs.append(orders, 1, 10, ['A']);
  await eventually(() => {
    expect(deliveries.at(-1)?.progress).toEqual({ 'shop:orders@1': { position: 1 } });
  });
  await logs.append(orders, 2, 10, ['A', 'B', 'A']);
  await logs.append(orders, 7, 12);
  await eventually(() => {
    expect(deliveries.at(-1)?.progress).toEqual({ 'shop:orders@1': { position: 7 } });
  });
  expect(ids()).toEqual(['shop:orders@1:2:1']);
});

test('two sources are merged by log time; the quiet one holds the other until its tick', async () => {
  const { ids } = await listen([orders, invoices]);
  await logs.append(orders, 1, 10, ['A']);
  await logs.append(orders, 2, 30, ['A']);
  await logs.append(invoices, 1, 20, ['A']);
  await eventually(() => {
    expect(ids()).toEqual(['shop:orders@1:1:0', 'billing:invoices@1:1:0']);
  });
  await logs.append(invoices, 2, 31);
  await eventually(() => {
    expect(ids()).toHaveLength(3);
  });
});

test('an announcement does as a tick does, also when it came before the subscription', async () => {
  await logs.append(orders, 1, 10, ['A']);
  bus.announce(invoices, { position: 3, logTime: timeAt(20), head: 0 });
  const { ids, deliveries } = await listen([orders, invoices]);
  await eventually(() => {
    expect(ids()).toEqual(['shop:orders@1:1:0']);
  });
  await logs.append(orders, 2, 30, ['A']);
  bus.announce(invoices, { position: 4, logTime: timeAt(40), head: 0 });
  await eventually(() => {
    expect(ids()).toHaveLength(2);
    expect(deliveries.at(-1)?.progress).toMatchObject({ 'billing:invoices@1': { position: 4 } });
  });
});

test('begun again, a log without anything new still tells up to which time others need not wait for it', async () => {
  await logs.append(orders, 1, 10, ['A']);
  await logs.append(orders, 5, 30);
  const { ids } = await listen([orders, invoices], { from: { 'shop:orders@1': { position: 5 } } });
  await logs.append(invoices, 1, 25, ['A']);
  await eventually(() => {
    expect(ids()).toEqual(['billing:invoices@1:1:0']);
  });
});

test('deliveries gather while the handler is busy, and are bounded', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const small = createLocalBus({ eventLog: logs.inProcess, limits: { events: 4, progressEveryMs: 10 } });
  const { ids, deliveries } = await listen([orders], { by: small, busy: () => held });
  await logs.append(orders, 1, 1, ['A']);
  for (let position = 2; position <= 10; position++) await logs.append(orders, position, position, ['A']);
  release();
  await eventually(() => {
    expect(ids()).toHaveLength(10);
  });
  await small.close();
  expect(Math.max(...deliveries.map(({ events }) => events.length))).toBe(4);
});

test('it goes on from any progress, also within a large transaction', async () => {
  const parts = Array.from({ length: 5 }, () => ['A', 'B', 'A']);
  await logs.append(orders, 3, 10, ...parts);
  await logs.append(orders, 4, 10, ['A']);
  const small = createLocalBus({ eventLog: logs.inProcess, limits: { events: 2 } });
  const { ids, deliveries, subscription } = await listen([orders], { by: small });
  await eventually(() => {
    expect(ids()).toHaveLength(16);
  });
  await subscription.close();
  const all = ids();
  for (const [at, { progress }] of deliveries.entries()) {
    const before = deliveries.slice(0, at + 1).flatMap(({ events }) => events).length;
    const again = await listen([orders], { by: small, from: progress ?? {} });
    await logs.append(orders, 100 + at, 20, ['A']);
    await eventually(() => {
      expect(again.ids().at(-1)).toBe(`shop:orders@1:${String(100 + at)}:0`);
    });
    expect(again.ids().slice(0, 16 - before)).toEqual(all.slice(before));
    await again.subscription.close();
  }
  await small.close();
});

test('a subscriber in another process follows the files', async () => {
  const reader = await logs.reader(orders);
  const other = createLocalBus({ eventLog: () => reader });
  const { ids } = await listen([orders], { by: other });
  await logs.append(orders, 1, 10, ['A']);
  await eventually(() => {
    expect(ids()).toEqual(['shop:orders@1:1:0']);
  });
  await other.close();
});

describe('an end', () => {
  test('by a handler that rejects is that subscription’s own', async () => {
    const broken = await listen([orders], { busy: () => Promise.reject(new Error('full')) });
    const other = await listen([orders]);
    await logs.append(orders, 1, 10, ['A']);
    await expect(broken.subscription.ended).rejects.toThrow('full');
    await logs.append(orders, 2, 10, ['A']);
    await eventually(() => {
      expect(other.ids()).toHaveLength(2);
    });
    await broken.subscription.close();
  });

  test('by close waits for the delivery under way', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let begun = false;
    const { subscription, ids } = await listen([orders], { busy: () => ((begun = true), held) });
    await logs.append(orders, 1, 10, ['A']);
    await eventually(() => {
      expect(begun).toBe(true);
    });
    const closing = subscription.close();
    release();
    await closing;
    await subscription.ended;
    expect(ids()).toHaveLength(1);
  });

  test('of the bus ends its subscriptions and refuses new ones', async () => {
    const { subscription } = await listen([orders, invoices]);
    await bus.close();
    await subscription.ended;
    await expect(listen([orders])).rejects.toMatchObject({ code: 'BUS_CLOSED' });
  });
});
