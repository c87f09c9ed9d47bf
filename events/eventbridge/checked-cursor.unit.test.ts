import { beforeEach, expect, test } from '@jest/globals';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { createLogger, silentLogger, type Logger } from 'banyan/runtime';
import type { LogCursor } from '../domain-event.ts';
import { checkedCursor } from './checked-cursor.ts';
import type { PublishCursor } from './publish-cursor.ts';
import { faultyEventBridge, type FaultyEventBridge } from './testing/faulty-eventbridge.ts';

let bus: FaultyEventBridge;
let recorded: LogCursor | undefined;
let now: number;
beforeEach(() => {
  bus = faultyEventBridge([]);
  recorded = undefined;
  now = 0;
});

const places: PublishCursor = {
  read: async () => recorded,
  write: async (cursor) => void (recorded = cursor),
};

function checked(events: EventBridgeClient = bus.client, logger: Logger = silentLogger) {
  const { signal } = new AbortController();
  const from = { position: 3 };
  const how = { events, busName: 'orders', from, everyMs: 1000, clock: { now: () => now } };
  return checkedCursor({ ...how, cursor: places, logger, signal });
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

/** A client whose every call fails like this. */
function failing(name: string): EventBridgeClient {
  const client = new EventBridgeClient({ region: 'us-east-1' });
  client.middlewareStack.add(() => () => Promise.reject(Object.assign(new Error('no'), { name })), {
    step: 'initialize',
  });
  return client;
}

test.each([
  ['AccessDeniedException', 1],
  ['ThrottlingException', 0],
])('%s is no reason not to publish, and told %p times', async (name, times) => {
  const told: string[] = [];
  const cursor = await checked(failing(name), createLogger({ write: (line) => told.push(line) }));
  for (const position of [5, 6]) {
    now += 1000;
    await cursor.write({ position });
  }
  expect(recorded).toEqual({ position: 6 });
  expect(told).toHaveLength(times);
});
