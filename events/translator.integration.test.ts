import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { col, openChangeLog, table, tables, type Change, type ChangeLog } from 'banyan/cdc';
import { nodeFileSystem, silentLogger, systemClock } from 'banyan/runtime';
import { z } from 'zod';
import { eventually } from '../kit/eventually.ts';
import type { DomainEvent } from './domain-event.ts';
import { event } from './event.ts';
import { readEvents } from './read-events.ts';
import { startTranslator } from './start-translator.ts';
import { cursorAt, timeAt } from './testing/change-entries.ts';
import { translation, type Translation } from './translation.ts';
import type { Translator } from './translator.ts';

const shop = tables('shop', {
  customers: table('public.customers', { key: ['id'], columns: { id: col.int8(), name: col.text() } }),
  orders: table('public.orders', {
    key: ['id'],
    columns: { id: col.int8(), customer_id: col.int8() },
  }),
});
const Placed = event(
  'OrderPlaced',
  z.object({ orderId: z.string(), customerName: z.string(), orders: z.int() }),
);

const orders = translation('orders', shop, {
  version: 1,
  lookups: { customers: 'id', orders: ['customer_id'] },
  *translate(tx) {
    for (const order of tx.inserted('orders')) {
      const name = tx.row('customers', order.customer_id)?.name ?? 'nobody';
      if (name === 'trouble') throw new Error('trouble');
      const ofCustomer = tx.rows('orders', { customer_id: order.customer_id }).toArray();
      yield Placed({ orderId: order.id, customerName: name, orders: ofCustomer.length });
    }
  },
});

let directory: string;
let changeLog: ChangeLog;
const started: Translator[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banyan-translator-'));
  changeLog = await openChangeLog({
    directory: join(directory, 'change-log'),
    fileSystem: nodeFileSystem,
    source: 'shop',
    lineBytes: 4096,
  });
});
afterEach(async () => {
  for (const translator of started.splice(0)) await translator.close();
  await changeLog.close();
  await rm(directory, { recursive: true, force: true });
});

async function start(translationOf: Translation = orders, more = {}): Promise<Translator> {
  const translator = await startTranslator({
    translation: translationOf,
    events: [Placed],
    changeLog,
    directory: join(directory, 'translation'),
    fileSystem: nodeFileSystem,
    logger: silentLogger,
    clock: systemClock,
    ...more,
  });
  started.push(translator);
  return translator;
}

async function commit(changes: Iterable<Change>): Promise<void> {
  const position = changeLog.position + 1;
  const append = changeLog.begin(`x${String(position)}`, timeAt(position));
  for (const change of changes) await append.add(change);
  await append.commit(cursorAt(position * 16));
  await changeLog.sync();
}
const customer = (id: string, name: string): Change => ({
  op: 'insert',
  table: 'public.customers',
  schema: 1,
  after: { id, name },
});
const order = (id: string, customer_id: string): Change => ({
  op: 'insert',
  table: 'public.orders',
  schema: 1,
  after: { id, customer_id },
});
const renamed = (id: string, before: string, after: string): Change => ({
  op: 'update',
  table: 'public.customers',
  schema: 1,
  before: { id, name: before },
  after: { id, name: after },
});

async function durable(translator: Translator, position: number): Promise<void> {
  await eventually(() => {
    expect(translator.status().durable).toBeGreaterThanOrEqual(position);
  });
}

async function allEvents(translator: Translator): Promise<DomainEvent[]> {
  const found: DomainEvent[] = [];
  for await (const { events } of readEvents(translator.eventLog, translator.ref)) found.push(...events);
  return found;
}

test('look-ups are as of the end of the transaction, whenever it is translated', async () => {
  await commit([order('1', '7'), customer('7', 'Ada')]);
  await commit([renamed('7', 'Ada', 'Eve'), order('2', '7')]);
  await commit([order('3', '8')]);
  await commit([customer('8', 'late')]);
  const translator = await start();
  await durable(translator, 3);
  expect((await allEvents(translator)).map(({ data }) => data)).toEqual([
    { orderId: '1', customerName: 'Ada', orders: 1 },
    { orderId: '2', customerName: 'Eve', orders: 2 },
    { orderId: '3', customerName: 'nobody', orders: 1 },
  ]);
});

test('an event carries its whole envelope', async () => {
  await commit([customer('7', 'Ada')]);
  await commit([order('1', '7'), order('2', '7')]);
  const translator = await start();
  await durable(translator, 2);
  const [first, second] = await allEvents(translator);
  expect(first).toEqual({
    id: 'shop:orders@1:2:0',
    type: 'OrderPlaced',
    source: 'shop',
    translation: 'orders',
    version: 1,
    position: 2,
    index: 0,
    logTime: timeAt(2),
    committedAt: timeAt(2),
    traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
    causedBy: 'shop:2',
    data: { orderId: '1', customerName: 'Ada', orders: 2 },
  });
  // One trace a transaction, one span an event.
  expect(second?.traceparent.slice(0, 35)).toBe(first?.traceparent.slice(0, 35));
  expect(second?.traceparent).not.toBe(first?.traceparent);
});

test('it goes on where it left off, also while the change log grows', async () => {
  await commit([customer('7', 'Ada'), order('1', '7')]);
  const first = await start();
  await durable(first, 1);
  await first.close();
  await first.ended;
  await commit([order('2', '7')]);
  const second = await start();
  await durable(second, 2);
  await commit([order('3', '7')]);
  await durable(second, 3);
  expect((await allEvents(second)).map(({ data }) => data['orders'])).toEqual([1, 2, 3]);
});

test('without its look-up state it makes it again from the change log', async () => {
  await commit([customer('7', 'Ada'), order('1', '7')]);
  const first = await start();
  await durable(first, 1);
  await first.close();
  await rm(join(directory, 'translation', 'lookups'), { recursive: true });
  await commit([order('2', '7')]);
  const second = await start();
  await durable(second, 2);
  expect((await allEvents(second)).at(-1)?.data).toEqual({ orderId: '2', customerName: 'Ada', orders: 2 });
});

test('looking up one more table finds its rows of before', async () => {
  const looking = (lookups: { orders?: 'id'; customers?: 'id' }): Translation =>
    translation('orders', shop, {
      version: 1,
      lookups: { orders: 'id', ...lookups },
      *translate(tx) {
        for (const { id, customer_id } of tx.inserted('orders')) {
          const name = lookups.customers ? tx.row('customers', customer_id)?.name : undefined;
          yield Placed({ orderId: id, customerName: name ?? '-', orders: 0 });
        }
      },
    });
  await commit([customer('7', 'Ada'), order('1', '7')]);
  const first = await start(looking({}));
  await durable(first, 1);
  await first.close();
  await commit([order('2', '7')]);
  const second = await start(looking({ customers: 'id' }));
  await durable(second, 2);
  expect((await allEvents(second)).map(({ data }) => data['customerName'])).toEqual(['-', 'Ada']);
});

test('without its event log it gives the same events again', async () => {
  for (const id of ['1', '2', '3']) await commit([customer(id, `c${id}`), order(id, id)]);
  const first = await start();
  await durable(first, 3);
  const before = JSON.stringify(await allEvents(first));
  await first.close();
  await rm(join(directory, 'translation', 'event-log'), { recursive: true });
  const second = await start();
  await durable(second, 3);
  expect(JSON.stringify(await allEvents(second))).toBe(before);
});

test('a transaction and its events may be larger than a line', async () => {
  const rows = Array.from({ length: 3000 }, (_, at) => order(String(at), String(at % 300)));
  await commit([customer('3', 'Ada'), ...rows]);
  await commit([order('last', '3')]);
  const translator = await start(orders, { lineBytes: 8192 });
  await durable(translator, 2);
  const events = await allEvents(translator);
  expect(events).toHaveLength(3001);
  expect(events.slice(0, 3000).map(({ index }) => index)).toEqual([...rows.keys()]);
  expect(events[3]?.data).toEqual({ orderId: '3', customerName: 'Ada', orders: 10 });
});

describe('positions without events', () => {
  test('are recorded soon', async () => {
    const translator = await start(orders, { tickEveryMs: 20 });
    await commit([order('1', '7')]);
    await durable(translator, 1);
    await commit([customer('7', 'Ada')]);
    await durable(translator, 2);
    expect(await translator.eventLog.head()).toMatchObject({ kind: 'tick', position: 2, logTime: timeAt(2) });
  });

  test('are recorded at a tick of the change log, and announced at once', async () => {
    const announced: unknown[] = [];
    const announce = (_: unknown, announcement: unknown): void => void announced.push(announcement);
    const translator = await start(orders, { tickEveryMs: 3_600_000, announce });
    await commit([order('1', '7')]);
    await commit([customer('7', 'Ada')]);
    await eventually(() => {
      expect(announced.at(-1)).toEqual({ position: 2, logTime: timeAt(2), head: 1 });
    });
    changeLog.tick(timeAt(50), cursorAt(999));
    await changeLog.sync();
    await durable(translator, 3);
    expect(await translator.eventLog.head()).toMatchObject({
      kind: 'tick',
      position: 3,
      logTime: timeAt(50),
    });
  });
});

describe('what stops it', () => {
  test('a translation that throws stops before its transaction and loses nothing', async () => {
    await commit([customer('7', 'Ada'), order('1', '7')]);
    await commit([customer('8', 'trouble'), order('2', '7'), order('3', '8')]);
    await commit([order('4', '7')]);
    const broken = await start();
    await expect(broken.ended).rejects.toMatchObject({
      code: 'TRANSLATION_FAILED',
      details: { log: 'shop:orders@1', position: 2 },
    });
    expect(broken.status()).toMatchObject({ state: { kind: 'failed' }, position: 1, durable: 1 });
    expect(await allEvents(broken)).toHaveLength(1);
    await broken.close();
    const fixed = translation('orders', shop, {
      version: 1,
      lookups: { customers: 'id', orders: ['customer_id'] },
      *translate(tx) {
        for (const { id } of tx.inserted('orders'))
          yield Placed({ orderId: id, customerName: 'x', orders: 0 });
      },
    });
    const repaired = await start(fixed);
    await durable(repaired, 3);
    expect((await allEvents(repaired)).map(({ id }) => id)).toEqual([
      'shop:orders@1:1:0',
      'shop:orders@1:2:0',
      'shop:orders@1:2:1',
      'shop:orders@1:3:0',
    ]);
  });

  test('a change log that is shorter than the event log is refused', async () => {
    await commit([customer('7', 'Ada'), order('1', '7')]);
    const first = await start();
    await durable(first, 1);
    await first.close();
    const other = await openChangeLog({
      directory: join(directory, 'other'),
      fileSystem: nodeFileSystem,
      source: 'shop',
    });
    await expect(start(orders, { changeLog: other })).rejects.toMatchObject({ code: 'CHANGE_LOG_BEHIND' });
    await other.close();
  });

  test('a second translator on the same log is refused', async () => {
    await start();
    await expect(start()).rejects.toMatchObject({ code: 'LOG_IN_USE' });
  });

  test('a signal ends it', async () => {
    const stop = new AbortController();
    const translator = await start(orders, { signal: stop.signal });
    stop.abort();
    await translator.ended;
    expect(translator.status().state).toEqual({ kind: 'closed' });
  });
});
