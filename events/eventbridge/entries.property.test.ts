import { expect, test } from '@jest/globals';
import { canonicalJson, type JsonObject, type JsonValue } from 'banyan/runtime';
import fc from 'fast-check';
import { eventAt } from '../event-log.ts';
import { timeAt } from '../testing/change-entries.ts';
import { eventEntry, probeEntry, tallyEntry } from './entries.ts';
import { entryBytes } from './entry-size.ts';
import { fromDetail } from './from-detail.ts';

const log = { source: 'shop', translation: 'orders', version: 1 };
const limits = { entries: 10, bytes: 600 };
const eventOf = (data: JsonObject) => {
  const place = { position: 7, index: 1, logTime: timeAt(2), committedAt: timeAt(1) };
  return eventAt(log, place, { type: 'Paid', data });
};
const nested = (depth: number): JsonValue => (depth === 0 ? 1 : [nested(depth - 1)]);

test('an event goes whole where it fits, and else as a reference that fits', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const event = eventOf({ text });
      const entry = eventEntry(event, limits);
      const fits = entryBytes(eventEntry(event, { entries: 10, bytes: 1e9 })) <= limits.bytes;
      const read = fromDetail(entry.Detail);
      expect(read.kind).toBe(fits ? 'event' : 'reference');
      expect(entryBytes(entry)).toBeLessThanOrEqual(limits.bytes);
      expect(entry).toMatchObject({ Source: 'banyan.shop', DetailType: 'Paid' });
      if (read.kind === 'event') expect(canonicalJson(read.event)).toBe(canonicalJson(event));
      if (read.kind === 'reference') expect(read.reference).toMatchObject({ log, id: event.id, index: 1 });
    }),
  );
});

test.each<[string, JsonValue, string]>([
  ['the least integer that fits no longer', 2 ** 63, 'reference'],
  ['a very low one, deep inside', { a: [[{ b: -1e30 }]] }, 'reference'],
  ['the largest below', 2 ** 63 - 1024, 'event'],
  ['such digits in a text', '99999999999999999999', 'event'],
  ['a fraction', 0.1, 'event'],
  ['deep nesting', nested(990), 'event'],
  ['too deep nesting', nested(1000), 'reference'],
])('what EventBridge does not carry goes as a reference: %s', (_, value, kind) => {
  const { Detail } = eventEntry(eventOf({ value }), { entries: 10, bytes: 262_143 });
  expect(fromDetail(Detail).kind).toBe(kind);
});

test('tallies go by their source, probes by none', () => {
  const tally = {
    log: 'shop:orders@1',
    after: 1,
    to: 4,
    logTime: timeAt(4),
    at: timeAt(5),
    counts: { Paid: 2 },
  };
  expect(tallyEntry(log, tally)).toMatchObject({ Source: 'banyan.shop', DetailType: 'banyan.tally' });
  const probe = { subscription: 'order-summary.g3', id: 'p1', at: timeAt(5) };
  expect(probeEntry(probe)).toMatchObject({ Source: 'banyan', DetailType: 'banyan.probe' });
});
