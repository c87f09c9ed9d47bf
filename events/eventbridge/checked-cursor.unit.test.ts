import { beforeEach, expect, test } from '@jest/globals';
import { createLogger, silentLogger, type Logger } from 'banyan/runtime';
import type { LogCursor } from '../domain-event.ts';
import { checkedCursor } from './checked-cursor.ts';
import type { PublishCursor } from './publish-cursor.ts';
import { createStreaks, type Streaks } from './streaks.ts';
import { faultyEventBridge, type FaultyEventBridge } from './testing/faulty-eventbridge.ts';

let bus: FaultyEventBridge;
let recorded: LogCursor | undefined;
let now: number;
let streaks: Streaks;
beforeEach(() => {
  bus = faultyEventBridge([]);
  recorded = undefined;
  now = 0;
  streaks = createStreaks();
});

const places: PublishCursor = {
  read: async () => recorded,
  write: async (cursor) => void (recorded = cursor),
};

function checked(events = bus.client, logger: Logger = silentLogger) {
  const { signal } = new AbortController();
  const from = { position: 3 };
  const how = { events, busName: 'orders', from, everyMs: 1000, clock: { now: () => now } };
  return checkedCursor({ ...how, cursor: places, logger, signal, streaks });
}

const gone = { code: 'BUS_REFUSED', message: expect.stringContaining('There is no event bus orders') };

test('onto a bus that is not there nothing is published', async () => {
  bus.isThere = false;
  await expect(checked()).rejects.toMatchObject(gone);
  expect(recorded).toBeUndefined();
});

test.each([undefined, { position: 4, index: 2 }])(
  'where the bus goes before it was seen again, what was recorded is taken back (recorded before: %p)',
  async (before) => {
    recorded = before;
    const cursor = await checked();
    expect(await cursor.read()).toEqual(before);
    bus.isThere = false;
    now = 999;
    await cursor.write({ position: 5 });
    expect(recorded).toEqual({ position: 5 });
    now = 1000;
    await expect(cursor.write({ position: 6 })).rejects.toMatchObject(gone);
    expect(recorded).toEqual(before ?? { position: 3 });
  },
);

test('what was recorded while the bus was seen stays', async () => {
  const cursor = await checked();
  now = 1000;
  await cursor.write({ position: 5 });
  now = 1500;
  await cursor.write({ position: 6 });
  bus.isThere = false;
  now = 2000;
  await expect(cursor.write({ position: 7 })).rejects.toMatchObject(gone);
  expect(recorded).toEqual({ position: 5 });
});

test('a look that nobody answers is not taken for one that saw the bus', async () => {
  const cursor = await checked();
  now = 1000;
  await cursor.write({ position: 5 });
  bus.failLooks('ThrottlingException');
  for (const position of [6, 7]) {
    now += 1000;
    await cursor.write({ position });
  }
  expect(recorded).toEqual({ position: 7 });
  bus.failLooks(undefined);
  bus.isThere = false;
  now += 1000;
  await expect(cursor.write({ position: 8 })).rejects.toMatchObject(gone);
  expect(recorded).toEqual({ position: 5 });
});

test.each([
  ['AccessDeniedException', 1],
  ['ThrottlingException', 0],
])('%s is no reason not to publish, and told %p times, by whoever looks', async (name, times) => {
  bus.failLooks(name);
  const told: string[] = [];
  const logger = createLogger({ write: (line) => told.push(line) });
  for (const first of [5, 7]) {
    const cursor = await checked(bus.client, logger);
    for (const position of [first, first + 1]) {
      now += 1000;
      await cursor.write({ position });
    }
  }
  expect(recorded).toEqual({ position: 8 });
  expect(told).toHaveLength(times);
  if (times > 0) expect(told[0]).toContain('Allow events:DescribeEventBus on it');
});

test('where it could be looked at again, what is wrong later is news', async () => {
  const told: string[] = [];
  const logger = createLogger({ write: (line) => told.push(line) });
  for (const name of ['AccessDeniedException', undefined, 'AccessDeniedException']) {
    bus.failLooks(name);
    await checked(bus.client, logger);
  }
  expect(told).toHaveLength(2);
});

test.each(['CredentialsProviderError', 'ExpiredTokenException', 'UnrecognizedClientException'])(
  'with %s nothing is published unchecked',
  async (name) => {
    bus.failLooks(name);
    const message = expect.stringMatching(/^Event bus orders .* Give this process valid credentials\.$/);
    await expect(checked()).rejects.toMatchObject({ code: 'BUS_REFUSED', message, details: { error: name } });
  },
);
