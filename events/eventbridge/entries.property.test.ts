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
/** Each kind of character often. */
const unit = fc.oneof(
  fc.constantFrom('a', '\u0000', '\u001f', '\ufffe', '\uffff', '\ud800', '\udfff', '😀'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const allTexts = (value: JsonValue): string[] => {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return [...(Array.isArray(value) ? [] : Object.keys(value)), ...Object.values(value).flatMap(allTexts)];
};
const nested = (depth: number): JsonValue => (depth === 0 ? 1 : [nested(depth - 1)]);

test('an event goes whole where it fits, and else as a reference that fits', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const event = eventOf({ text });
      const entry = eventEntry(event, limits);
      const fits = entryBytes(eventEntry(event, { entries: 10, bytes: 1e9 })) <= limits.bytes;
      const read = fromDetail(entry.Detail);
      expect(read.kind).toBe(fits && !/[\ufffe\uffff]/.test(text) ? 'event' : 'reference');
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
  ['U+FFFE', 'a\ufffeb', 'reference'],
  ['U+FFFF in the name of a property, deep inside', [{ a: { 'b\uffff': 1 } }], 'reference'],
  ['the first half of a surrogate pair', '\ud83dx', 'reference'],
  ['the second half of one, as a name', { '\ude00': 1 }, 'reference'],
  ['a whole pair, and what lies beside the others', '😀\ud7ff\ue000\ufffd\u{10ffff}', 'event'],
  ['control characters, which JSON escapes', { 'a\u0001': '\u0000\u000b\u001f\u007f' }, 'event'],
])('what EventBridge and SQS do not carry goes as a reference: %s', (_, value, kind) => {
  const { Detail } = eventEntry(eventOf({ value }), { entries: 10, bytes: 262_143 });
  expect(fromDetail(Detail).kind).toBe(kind);
});

test('whatever an event holds, SQS takes the text that is put', () => {
  const data = fc.dictionary(fc.string({ unit }), fc.json({ stringUnit: unit }), { maxKeys: 3 });
  fc.assert(
    fc.property(data, (given) => {
      const { Detail = '' } = eventEntry(eventOf(given), { entries: 10, bytes: 262_143 });
      expect(Detail).toMatch(/^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u);
      // Nor one that who reads it has to make up: half of a surrogate pair, escaped.
      expect(JSON.stringify(JSON.parse(Detail)).isWellFormed()).toBe(true);
      expect(allTexts(JSON.parse(Detail) as JsonValue).every((text) => text.isWellFormed())).toBe(true);
    }),
  );
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
