import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  createLogger,
  nodeFileSystem,
  silentLogger,
  systemClock,
  type Clock,
  type LogReader,
} from 'banyan/runtime';
import fc from 'fast-check';
import { eventually } from '../kit/eventually.ts';
import { countEvents } from './count-events.ts';
import type { DomainEvent, EventLogRef } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import { createHostileBus, type HostileBus, type HostileBusOptions } from './hostile-bus.ts';
import { fateOf, type Hostility } from './hostile-fate.ts';
import { readEvents } from './read-events.ts';
import { startTallyKeeper } from './tally-keeper.ts';
import { tallyFeed } from './tally-feed.ts';
import { startTranslator } from './start-translator.ts';
import { eventLogs, type EventLogs } from './testing/log-fixture.ts';
import { openShopLog } from './testing/shop-log.ts';
import { shopEvents, shopHistories, shopTranslation } from './testing/shop-model.ts';

const orders: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };
const invoices: EventLogRef = { source: 'billing', translation: 'invoices', version: 1 };
/** In order, each once, one at a time: from here a test makes it worse. */
const tame: Hostility = { seed: 1, drop: 0, repeat: 1, delayMs: 0, batch: 1 };
const anHour = 3_600_000;
/** Nothing that is put off comes. */
const standing: Clock = { now: () => 0 };
const types = ['A', 'B'];

let logs: EventLogs;
const buses: HostileBus[] = [];

beforeEach(async () => {
  logs = await eventLogs();
  await logs.writer(orders);
  await logs.writer(invoices);
});
afterEach(async () => {
  for (const bus of buses.splice(0)) await bus.close();
  await logs.close();
});

function busWith(hostility: Partial<Hostility>, more: Partial<HostileBusOptions> = {}): HostileBus {
  const bus = createHostileBus({
    eventLog: logs.inProcess,
    hostility: { ...tame, ...hostility },
    ...more,
  });
  buses.push(bus);
  return bus;
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

test('the log of a translator: what is not dropped comes, as it is in the log, and tallies tell what is missing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'banyan-hostile-'));
  const shop = await openShopLog(join(directory, 'change-log'), nodeFileSystem);
  const [first = [], second = []] = fc.sample(shopHistories, { seed: 7, numRuns: 2 });
  await shop.happen(first);
  const shared = { fileSystem: nodeFileSystem, logger: silentLogger, clock: systemClock };
  const translator = await startTranslator({
    ...shared,
    translation: shopTranslation(1),
    events: shopEvents,
    changeLog: shop.changeLog,
    directory: join(directory, 'translation'),
    lineBytes: 200,
    tickEveryMs: 1,
  });
  const { ref, eventLog } = translator;
  const tallies = await startTallyKeeper({
    ...shared,
    ref,
    eventLog,
    directory: join(directory, 'translation', 'tallies'),
    everyMs: 1,
    signal: new AbortController().signal,
  });
  const hostility: Hostility = { seed: 5, drop: 0.2, repeat: 4, delayMs: 30, batch: 5 };
  const bus = createHostileBus({ eventLog: () => eventLog, hostility });
  const taken: DomainEvent[] = [];
  await bus.subscribe(
    { name: 'cards.g1', logs: [ref], types: shopEvents.map(({ type }) => type), from: {} },
    async ({ events }) => void taken.push(...events),
  );
  await shop.happen(second);
  const fates = (): number[] =>
    shop.expected.map(({ id }) => fateOf(hostility, 'cards.g1', id).copies.length);
  await eventually(() => {
    expect(bus.figures()).toMatchObject({
      dropped: fates().filter((times) => times === 0).length,
      delivered: fates().reduce((sum, times) => sum + times, 0),
      waiting: 0,
    });
    expect(translator.status().durable).toBe(first.length + second.length);
  });
  const logged: DomainEvent[] = [];
  for await (const { events } of readEvents(eventLog, ref)) logged.push(...events);
  for (const event of taken) expect(event).toEqual(logged.find(({ id }) => id === event.id));
  expect(taken.map(({ id }) => id)).not.toEqual(logged.map(({ id }) => id));
  // From the first tally on they cover everything; what lies before is counted from the log.
  await eventually(async () => {
    const covered: Record<string, number> = {};
    let end: number | undefined;
    for await (const { after, to, counts } of tallyFeed(() => tallies.log).tallies(ref, 0)) {
      const before = end === undefined ? await countEvents(eventLog, ref, undefined, after) : {};
      for (const [type, count] of [...Object.entries(before), ...Object.entries(counts)])
        covered[type] = (covered[type] ?? 0) + count;
      end = to;
    }
    expect(covered).toEqual(await countEvents(eventLog, ref, undefined, translator.status().durable));
  });
  await bus.close();
  await tallies.close();
  await translator.close();
  await shop.changeLog.close();
  await rm(directory, { recursive: true, force: true });
});

test('logs are followed side by side, none waits for another', async () => {
  const bus = busWith({});
  const ids: string[] = [];
  await bus.subscribe({ name: 'test', logs: [orders, invoices], types, from: {} }, async ({ events }) => {
    ids.push(...events.map(({ id }) => id));
  });
  await logs.append(orders, 1, 20, ['A']);
  await eventually(() => {
    expect(ids).toEqual(['shop:orders@1:1:0']);
  });
  await logs.append(invoices, 1, 10, ['B', 'C']);
  await eventually(() => {
    expect(ids).toEqual(['shop:orders@1:1:0', 'billing:invoices@1:1:0']);
  });
});

test('what a handler refuses comes again until it is taken, while others come', async () => {
  const lines: string[] = [];
  const logger = createLogger({ write: (line) => void lines.push(line) });
  const bus = busWith({}, { limits: { retryMs: 1, mostRetryMs: 4 }, logger });
  const taken: string[] = [];
  let isBroken = true;
  await bus.subscribe({ name: 'test', logs: [orders], types, from: {} }, async ({ events }) => {
    if (isBroken && events.some(({ type }) => type === 'A')) throw new Error('not yet');
    taken.push(...events.map(({ id }) => id));
  });
  await logs.append(orders, 1, 10, ['A', 'B']);
  await eventually(() => {
    expect(taken).toEqual(['shop:orders@1:1:1']);
    expect(bus.figures().refused).toBeGreaterThan(5);
  });
  isBroken = false;
  await eventually(() => {
    expect(taken).toEqual(['shop:orders@1:1:1', 'shop:orders@1:1:0']);
  });
  expect(bus.figures()).toMatchObject({ delivered: 2, repeated: 0, dropped: 0, waiting: 0 });
  expect(lines[0]).toContain('"seed":1');
  expect(lines.filter((line) => line.includes('not yet')).length).toBeGreaterThan(0);
});

test('it reads no further while too much waits', async () => {
  const bus = busWith({ delayMs: anHour }, { limits: { waiting: 5 }, clock: standing });
  await bus.subscribe({ name: 'test', logs: [orders], types, from: {} }, () => Promise.resolve());
  await logs.append(
    orders,
    1,
    10,
    Array.from({ length: 40 }, () => 'A'),
  );
  await eventually(() => {
    expect(bus.figures().waiting).toBe(5);
  });
  const free = busWith({ delayMs: anHour }, { clock: standing });
  await free.subscribe({ name: 'test', logs: [orders], types, from: {} }, () => Promise.resolve());
  await eventually(() => {
    expect(free.figures().waiting).toBe(40);
  });
  expect(bus.figures()).toMatchObject({ waiting: 5, delivered: 0 });
});

describe('an end', () => {
  test('by close waits for nothing but the deliveries under way, and leaves nothing behind', async () => {
    const before = timers();
    const bus = busWith({ delayMs: anHour, batch: 3 }, { clock: standing });
    const eager = busWith({ batch: 3 }, { limits: { retryMs: anHour, mostRetryMs: anHour } });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let underWay = 0;
    const late = await bus.subscribe({ name: 'late', logs: [orders, invoices], types, from: {} }, () =>
      Promise.resolve(),
    );
    const refusing = await eager.subscribe({ name: 'no', logs: [orders], types, from: {} }, () =>
      Promise.reject(new Error('no')),
    );
    const busy = await eager.subscribe({ name: 'busy', logs: [orders], types, from: {} }, async () => {
      underWay += 1;
      await held;
    });
    await logs.append(orders, 1, 10, ['A', 'B'], ['A', 'B'], ['A', 'B'], ['A', 'B'], ['A', 'B', 'A', 'B']);
    await eventually(() => {
      expect(bus.figures().waiting).toBe(12);
      expect(eager.figures().refused).toBe(12);
      expect(underWay).toBe(4);
    });
    const closing = eager.close();
    await bus.close();
    await Promise.all([late.ended, refusing.ended]);
    release();
    await closing;
    await busy.ended;
    expect(underWay).toBe(4);
    expect(bus.figures().waiting + eager.figures().waiting).toBe(0);
    expect(timers()).toBeLessThanOrEqual(before);
    await expect(
      bus.subscribe({ name: 'more', logs: [], types, from: {} }, () => Promise.resolve()),
    ).rejects.toMatchObject({ code: 'BUS_CLOSED' });
  });

  test('by a log that cannot be read', async () => {
    const torn: LogReader<EventLogLine> = {
      head: () => Promise.resolve(undefined),
      async *read() {
        throw new Error('torn');
      },
    };
    const bus = busWith({}, { eventLog: (log) => (log === orders ? torn : logs.inProcess(log)) });
    const subscription = await bus.subscribe(
      { name: 'test', logs: [orders, invoices], types, from: {} },
      () => Promise.resolve(),
    );
    await expect(subscription.ended).rejects.toThrow('torn');
  });
});
