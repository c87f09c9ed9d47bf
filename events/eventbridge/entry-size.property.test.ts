import { expect, test } from '@jest/globals';
import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import fc from 'fast-check';
import { callsOf, defaultPutLimits, entryBytes } from './entry-size.ts';

const text = fc.string({ unit: 'binary', maxLength: 20 });
const entry: fc.Arbitrary<PutEventsRequestEntry> = fc.record(
  {
    Source: text,
    DetailType: text,
    Detail: text,
    Resources: fc.array(text, { maxLength: 2 }),
    Time: fc.date(),
  },
  { requiredKeys: ['Source', 'DetailType', 'Detail'] },
);

test('calls hold every entry once, in order, within count and size, and are as full as they may be', () => {
  const limits = fc.record({
    entries: fc.integer({ min: 1, max: 10 }),
    bytes: fc.integer({ min: 1, max: 400 }),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), limits, (entries, most) => {
      const calls = [...callsOf(entries, most, entryBytes)];
      expect(calls.flat()).toEqual(entries);
      calls.forEach((call, at) => {
        const bytes = call.reduce((sum, one) => sum + entryBytes(one), 0);
        expect(call.length).toBeGreaterThan(0);
        expect(call.length).toBeLessThanOrEqual(most.entries);
        if (call.length > 1) expect(bytes).toBeLessThanOrEqual(most.bytes);
        const [next] = calls[at + 1] ?? [];
        const isFull = call.length === most.entries || (next && bytes + entryBytes(next) > most.bytes);
        if (next) expect(isFull).toBe(true);
      });
    }),
  );
});

test('an entry is counted as AWS counts it', () => {
  const plain = { Source: 'banyan.shop', DetailType: 'Paid', Detail: '{"by":"Zoë 🌳"}' };
  expect(entryBytes(plain)).toBe(11 + 4 + 18);
  expect(entryBytes({ ...plain, Time: new Date(0), EventBusName: 'orders', TraceHeader: 'x' })).toBe(33 + 14);
  expect(entryBytes({ ...plain, Resources: ['é', 'ab'] })).toBe(33 + 4);
  expect(entryBytes({})).toBe(0);
});

test('an entry of the default limit fits a queue that takes 256 KiB, with the envelope around it', () => {
  const empty = { Source: 'banyan.shop', DetailType: 'T'.repeat(128), Detail: '' };
  const Detail = JSON.stringify({ data: 'x'.repeat(defaultPutLimits.bytes - entryBytes(empty) - 11) });
  const entry = { ...empty, Detail };
  expect(entryBytes(entry)).toBe(defaultPutLimits.bytes);
  // As https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html has it.
  const message = {
    version: '0',
    id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
    'detail-type': entry.DetailType,
    source: entry.Source,
    account: '111122223333',
    time: '2017-12-22T18:43:48Z',
    region: 'ap-southeast-1',
    resources: [],
    detail: JSON.parse(Detail) as unknown,
  };
  expect(Buffer.byteLength(JSON.stringify(message, null, 1))).toBeLessThanOrEqual(256 * 1024);
  expect(defaultPutLimits.entries).toBe(10);
});
