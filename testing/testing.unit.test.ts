import { describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { col, table, tables } from 'banyan/cdc';
import { event, translation, type EventLogLine } from 'banyan/events';
import { eventLogDirectory } from 'banyan/replay';
import { nodeFileSystem, openLogWriter } from 'banyan/runtime';
import { projection, removed } from 'banyan/projections';
import { z } from 'zod';
import { differences, eventsOfLog, projected, translated } from './index.ts';

const shop = tables('shop', {
  orders: table('public.orders', {
    key: ['id'],
    columns: { id: col.int8(), status: col.text(), note: col.text().nullable() },
  }),
  lines: table('public.lines', {
    key: ['order_id', 'n'],
    columns: { order_id: col.int8(), n: col.int4(), sku: col.text() },
  }),
});
const Placed = event('Placed', z.object({ id: z.string(), skus: z.array(z.string()) }));
const Gone = event('Gone', z.object({ id: z.string() }));
const orders = translation('orders', shop, {
  version: 1,
  lookups: { lines: 'order_id' },
  *translate(tx) {
    for (const { id } of tx.inserted('orders'))
      yield Placed({ id, skus: [...tx.rows('lines', { order_id: id })].map(({ sku }) => sku) });
    for (const { id } of tx.deleted('orders')) yield Gone({ id });
  },
});
const basket = projection('basket', z.object({ id: z.string(), size: z.int() }))
  .on(Placed, { key: (e) => e.id, apply: (_, e) => ({ id: e.id, size: e.skus.length }) })
  .on(Gone, { key: (e) => e.id, apply: () => removed })
  .index('bySize', { partition: () => 'all', sort: (d) => d.size });

const order = { id: '7', status: 'new' };

describe('given transactions', () => {
  test('look-ups see what this and earlier transactions left', () => {
    const [first, second] = translated(orders, shop, [
      { inserted: { lines: [{ order_id: '7', n: 2, sku: 'b' }] } },
      { inserted: { orders: [order], lines: [{ order_id: '7', n: 1, sku: 'a' }] } },
    ]);
    expect(first).toEqual([]);
    expect(second).toEqual([{ type: 'Placed', data: { id: '7', skus: ['a', 'b'] } }]);
  });

  test('an update of a key moves the row, a delete takes it away', () => {
    const line = { order_id: '7', n: 1, sku: 'a' };
    const [, , events] = translated(orders, shop, [
      { inserted: { lines: [line, { ...line, n: 2 }] } },
      {
        updated: { lines: [{ before: line, after: { ...line, order_id: '8' } }] },
        deleted: { lines: [{ ...line, n: 2 }] },
      },
      { inserted: { orders: [order, { ...order, id: '8' }] } },
    ]);
    expect(events?.map(({ data }) => data)).toEqual([
      { id: '7', skus: [] },
      { id: '8', skus: ['a'] },
    ]);
  });

  test('a look-up that is not declared is refused, as in production', () => {
    const wrong = translation('wrong', shop, {
      version: 1,
      *translate(tx) {
        for (const { id } of tx.inserted('orders')) yield Gone({ id: tx.row('orders', id)?.id ?? '' });
      },
    });
    expect(() => translated(wrong, shop, [{ inserted: { orders: [order] } }])).toThrow(
      expect.objectContaining({ code: 'TRANSLATION_FAILED', message: expect.stringContaining('lookups') }),
    );
  });

  test('an event that its group does not declare is refused', () => {
    const given = [{ inserted: { orders: [order] } }];
    expect(() => translated(orders, shop, given, { events: [Gone] })).toThrow(
      expect.objectContaining({ code: 'TRANSLATION_FAILED' }),
    );
    expect(translated(orders, shop, given, { events: [Placed, Gone] })).toHaveLength(1);
  });

  test('a table that is not declared is named, with those that are', () => {
    const given = [{ inserted: { order: [order] } }] as never;
    expect(() => translated(orders, shop, given)).toThrow(
      /order is no declared table of shop.*orders, lines/,
    );
  });
});

describe('given events', () => {
  test('they fold into documents, and indexes give keys in order', () => {
    const view = projected(basket, [
      Placed({ id: '1', skus: ['a', 'b'] }),
      Placed({ id: '2', skus: ['a'] }),
      Placed({ id: '3', skus: [] }),
      Gone({ id: '3' }),
    ]);
    expect([...view.documents]).toEqual([
      ['1', { id: '1', size: 2 }],
      ['2', { id: '2', size: 1 }],
    ]);
    expect(view.index('bySize', 'all')).toEqual(['2', '1']);
    expect(view.index('bySize', 'none')).toEqual([]);
  });

  test('a document that fails its schema is refused with the place', () => {
    const bad = projection('bad', z.object({ size: z.int() })).on(Placed, {
      key: (e) => e.id,
      apply: () => ({ size: 0.5 }),
    });
    expect(() => projected(bad, [Placed({ id: '1', skus: [] })])).toThrow(
      expect.objectContaining({ code: 'PROJECTION_FAILED', message: expect.stringContaining('size') }),
    );
  });

  test('an event that does not fit its schema is refused', () => {
    expect(() => projected(basket, [{ type: 'Placed', data: { id: 7 } }])).toThrow(
      expect.objectContaining({ code: 'EVENT_INVALID', message: expect.stringContaining('id') }),
    );
  });

  test('an event of a log keeps its own time', () => {
    const timed = projection('timed', z.object({ at: z.string() })).on(Placed, {
      key: (e) => e.id,
      apply: (_, _e, meta) => ({ at: meta.committedAt }),
    });
    const committedAt = '2025-05-05T05:05:05.000000Z';
    const view = projected(timed, [{ ...Placed({ id: '1', skus: [] }), committedAt }]);
    expect(view.documents.get('1')).toEqual({ at: committedAt });
  });
});

describe('two versions of a projection', () => {
  const fixed = projection('basket', z.object({ id: z.string(), size: z.int() })).on(Placed, {
    key: (e) => e.id,
    apply: (_, e) => ({ id: e.id, size: new Set(e.skus).size }),
  });

  test('differ in these documents, by these fields', () => {
    const events = [
      Placed({ id: '1', skus: ['a', 'a'] }),
      Placed({ id: '2', skus: ['a'] }),
      Placed({ id: '3', skus: [] }),
      Gone({ id: '3' }),
    ];
    expect(differences(basket, fixed, events)).toEqual([
      { key: '1', before: { id: '1', size: 2 }, after: { id: '1', size: 1 }, fields: ['size'] },
      { key: '3', before: undefined, after: { id: '3', size: 0 }, fields: [] },
    ]);
    expect(differences(basket, basket, events)).toEqual([]);
  });

  test('over the events of a log, as they are kept', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'banyan-testing-'));
    try {
      const ref = { source: 'shop', translation: 'orders', version: 1 };
      const log = await openLogWriter<EventLogLine>({
        directory: eventLogDirectory(directory, ref),
        fileSystem: nodeFileSystem,
        owner: 'a test',
        kind: 'event-log',
        name: 'shop:orders@1',
      });
      const logTime = '2026-01-01T00:00:00.000000Z';
      for (const position of [2, 5]) {
        const id = `shop:orders@1:${position}:0`;
        const data = { id: String(position), skus: ['a', 'a'] };
        const events = [{ id, type: 'Placed', data }];
        log.append(position, { kind: 'events', logTime, committedAt: logTime, first: 0, events });
      }
      await log.sync();
      await log.close();
      const all = await eventsOfLog(directory, 'shop:orders@1');
      expect(all.map(({ id }) => id)).toEqual(['shop:orders@1:2:0', 'shop:orders@1:5:0']);
      expect(differences(basket, fixed, all).map(({ key }) => key)).toEqual(['2', '5']);
      expect(await eventsOfLog(directory, 'shop:orders@1', { to: 4 })).toHaveLength(1);
      await expect(eventsOfLog(directory, 'orders')).rejects.toMatchObject({
        code: 'TEST_LOG_INVALID',
      });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
