import { expect, test } from '@jest/globals';
import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { isBanyanError, silentLogger } from 'banyan/runtime';
import fc from 'fast-check';
import { createBackoff } from './backoff.ts';
import { callsOf, entryBytes } from './entry-size.ts';
import { putEvents, type Put, type PutEventsOptions } from './put-events.ts';
import { callFate, faultyEventBridge } from './testing/faulty-eventbridge.ts';

const limits = { entries: 10, bytes: 200 };
const entries = fc
  .array(fc.nat(120), { maxLength: 60 })
  .map((sizes) =>
    sizes.map((size, at) => ({ Source: 's', DetailType: String(at), Detail: 'x'.repeat(size) })),
  );

function options(
  client: PutEventsOptions['client'],
  signal = new AbortController().signal,
): PutEventsOptions {
  const backoff = createBackoff({ firstMs: 0 });
  return { client, busName: 'orders', limits, backoff, logger: silentLogger, signal };
}

const putsOf = (wanted: readonly PutEventsRequestEntry[]): Put[] => wanted.map((entry) => ({ entry }));
const placeOf = ({ DetailType }: PutEventsRequestEntry): number => Number(DetailType);

test('whatever fails, every entry gets in, none before an entry of an earlier call, and calls keep their limits', async () => {
  await fc.assert(
    fc.asyncProperty(entries, fc.array(callFate, { maxLength: 30 }), async (wanted, fates) => {
      const { client, calls, taken } = faultyEventBridge(fates);
      await putEvents(options(client), putsOf(wanted));
      const firsts = [...new Set(taken.map(placeOf))];
      expect([...firsts].sort((one, other) => one - other)).toEqual(wanted.map(placeOf));
      let before = -1;
      for (const call of callsOf(wanted, limits, entryBytes)) {
        const places = call.map(placeOf);
        const got = firsts.splice(0, places.length);
        expect(got.sort((one, other) => one - other)).toEqual(places);
        expect(Math.min(...got)).toBeGreaterThan(before);
        before = Math.max(...got);
      }
      for (const call of calls) {
        expect(call.length).toBeLessThanOrEqual(limits.entries);
        expect(call.reduce((sum, entry) => sum + entryBytes(entry), 0)).toBeLessThanOrEqual(limits.bytes);
        expect(call.map(placeOf)).toEqual(call.map(placeOf).sort((one, other) => one - other));
      }
    }),
  );
});

test('where nothing fails, every entry is put once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(entries, async (wanted) => {
      const { client, taken } = faultyEventBridge([]);
      await putEvents(options(client), putsOf(wanted));
      expect(taken).toEqual(wanted.map((entry) => ({ ...entry, EventBusName: 'orders' })));
    }),
  );
});

test('stopped at any call, it says so, and no entry got in before one of an earlier call', async () => {
  await fc.assert(
    fc.asyncProperty(
      entries,
      fc.array(callFate, { maxLength: 10 }),
      fc.nat(20),
      async (wanted, fates, last) => {
        const stopping = new AbortController();
        let left = last;
        const { client, taken } = faultyEventBridge(fates, () => {
          if (left-- === 0) stopping.abort();
        });
        const outcome = await putEvents(options(client, stopping.signal), putsOf(wanted)).then(
          () => 'in',
          (error: unknown) => (isBanyanError(error) ? `${error.code} ${String(error.retryable)}` : error),
        );
        const got = new Set(taken.map(placeOf));
        if (outcome === 'in') expect(got.size).toBe(wanted.length);
        else expect(outcome).toBe('PUBLISHING_STOPPED true');
        const planned = [...callsOf(wanted, limits, entryBytes)].map((call) => call.map(placeOf));
        const isIn = planned.map((call) => call.every((place) => got.has(place)));
        const begun = planned.map((call) => call.some((place) => got.has(place)));
        // All calls before the last one of which anything got in.
        expect(isIn.slice(0, Math.max(0, begun.lastIndexOf(true))).every(Boolean)).toBe(true);
      },
    ),
  );
});
