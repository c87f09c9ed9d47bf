import { expect, test } from '@jest/globals';
import type { DomainEvent, EventLogRef } from './domain-event.ts';
import { eventsOfLine } from './event-log.ts';
import { createMerge } from './merge.ts';
import { timeAt } from './testing/change-entries.ts';

const orders: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };
const customers: EventLogRef = { source: 'shop', translation: 'customers', version: 1 };
const invoices: EventLogRef = { source: 'billing', translation: 'invoices', version: 1 };
const limits = { events: 100, bytes: 1_000_000 };

function chunk(log: EventLogRef, position: number, time: number) {
  const logTime = timeAt(time);
  const stored = [{ id: `${log.translation}:${String(position)}`, type: 'A', data: {} }];
  const line = { kind: 'events', logTime, committedAt: logTime, first: 0, events: stored, position } as const;
  return { events: eventsOfLine(log, line), cursor: { position }, logTime };
}
const quiet = (position: number, time: number) => ({
  events: [],
  cursor: { position },
  logTime: timeAt(time),
});
const ids = (events: readonly DomainEvent[]): string[] => events.map(({ id }) => id);

test('a single log waits for nobody', () => {
  const merge = createMerge([orders], {});
  merge.push(orders, chunk(orders, 5, 9));
  expect(ids(merge.take(limits).events)).toEqual(['orders:5']);
});

test('a silent source holds the merge until its tick', () => {
  const merge = createMerge([orders, invoices], {});
  merge.push(orders, chunk(orders, 1, 10));
  expect(merge.take(limits).events).toEqual([]);
  merge.push(invoices, quiet(1, 9));
  expect(merge.take(limits).events).toEqual([]);
  merge.push(invoices, quiet(2, 11));
  expect(ids(merge.take(limits).events)).toEqual(['orders:1']);
});

test('a log of the same source suffices at the same position', () => {
  const merge = createMerge([orders, customers], {});
  merge.push(orders, chunk(orders, 3, 10));
  merge.push(customers, quiet(2, 10));
  expect(merge.take(limits).events).toEqual([]);
  merge.push(customers, quiet(3, 10));
  expect(ids(merge.take(limits).events)).toEqual(['orders:3']);
});

test('what a subscriber has already of a log of the same source counts before anything is read', () => {
  const merge = createMerge([orders, customers], { 'shop:customers@1': { position: 7 } });
  merge.push(orders, chunk(orders, 7, 10));
  expect(ids(merge.take(limits).events)).toEqual(['orders:7']);
});

test('an announcement moves the frontier and the progress, once the log was read up to its head', () => {
  const merge = createMerge([orders, invoices], {});
  merge.push(orders, chunk(orders, 1, 10));
  merge.announce(invoices, { position: 9, logTime: timeAt(12), head: 4 });
  expect(merge.take(limits).events).toEqual([]);
  merge.push(invoices, chunk(invoices, 4, 11));
  const { events, progress } = merge.take(limits);
  expect(ids(events)).toEqual(['orders:1']);
  expect(progress).toEqual({ 'shop:orders@1': { position: 1 } });
  merge.push(orders, quiet(2, 13));
  expect(ids(merge.take(limits).events)).toEqual(['invoices:4']);
  expect(merge.take(limits).progress).toEqual({
    'shop:orders@1': { position: 2 },
    'billing:invoices@1': { position: 9 },
  });
});

test('a tick below what was announced does not take progress back', () => {
  const merge = createMerge([orders], {});
  merge.announce(orders, { position: 9, logTime: timeAt(12), head: 0 });
  merge.push(orders, quiet(5, 11));
  expect(merge.take(limits)).toEqual({
    events: [],
    progress: { 'shop:orders@1': { position: 9 } },
    moved: true,
  });
  expect(merge.take(limits).moved).toBe(false);
  // The translator began anew and is not so far yet.
  merge.announce(orders, { position: 6, logTime: timeAt(11), head: 5 });
  merge.push(orders, quiet(7, 11));
  expect(merge.take(limits)).toMatchObject({ progress: { 'shop:orders@1': { position: 9 } }, moved: false });
});

test('a delivery is bounded in events and in bytes', () => {
  const merge = createMerge([orders], {});
  for (const position of [1, 2]) merge.push(orders, chunk(orders, position, position));
  expect(merge.hasRoom(orders)).toBe(false);
  expect(ids(merge.take({ events: 1, bytes: 1000 }).events)).toEqual(['orders:1']);
  expect(merge.hasRoom(orders)).toBe(true);
  merge.push(orders, chunk(orders, 3, 3));
  expect(ids(merge.take({ events: 9, bytes: 1 }).events)).toEqual(['orders:2']);
});
