import { expect, test } from '@jest/globals';
import { silentLogger } from 'banyan/runtime';
import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { eventually } from '../../kit/eventually.ts';
import type { DomainEvent, EventLogRef, LogCursor } from '../domain-event.ts';
import { eventBridge } from './delivery.ts';
import type { Detail } from './detail.ts';
import { fromDetail } from './from-detail.ts';
import { callFate, faultyEventBridge } from './testing/faulty-eventbridge.ts';
import { logToPublish } from './testing/published-log.ts';

const numRuns = Number(process.env['BANYAN_RUNS'] ?? (process.env['BANYAN_LONG'] ? 500 : 25));
const ref: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };

/** A transaction: the event types of each of its lines; none: a tick. */
const entry = fc.array(fc.array(fc.constantFrom('A', 'B'), { minLength: 1, maxLength: 12 }), {
  maxLength: 3,
});
const life = fc.record({
  /** Appended before publishing begins, and while it goes on. */
  before: fc.array(entry, { maxLength: 3 }),
  meanwhile: fc.array(entry, { maxLength: 3 }),
  /** It is closed so many calls of the bus and turns of the event loop later. */
  calls: fc.nat(6),
  turns: fc.nat(100),
});

function isBehind({ position, index }: DomainEvent, cursor: LogCursor | undefined): boolean {
  if (!cursor || position !== cursor.position) return position > (cursor?.position ?? 0);
  return cursor.index !== undefined && index > cursor.index;
}

const detailOf = ({ Detail: text = '' }: { readonly Detail?: string | undefined }): Detail =>
  fromDetail(JSON.parse(text));
const eventsOf = (entries: readonly { readonly Detail?: string | undefined }[]): DomainEvent[] =>
  entries.map(detailOf).flatMap((one) => (one.kind === 'event' ? one.event : []));

test('stopped at any instant and throttled, it publishes every event, and again only what was not recorded', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(life, { maxLength: 5 }), fc.array(callFate), async (lives, fates) => {
      let onCall = (): void => undefined;
      const bus = faultyEventBridge(fates, () => onCall());
      const backoff = { firstMs: 1, mostMs: 1 };
      const delivery = eventBridge({ events: bus.client, busName: 'orders', backoff, checkSeconds: 0 });
      const made = await logToPublish(ref);
      const publish = () =>
        delivery.publish(made.log, { logger: silentLogger, signal: new AbortController().signal });
      const allRecorded = async (): Promise<void> => {
        expect((await made.recorded()) ?? { position: 0 }).toEqual({ position: made.writer.durable });
      };
      try {
        for (const { before, meanwhile, calls, turns } of lives) {
          for (const parts of before) await made.append(...parts);
          const [recorded, first] = [await made.recorded(), bus.calls.length];
          const called = new Promise<void>((resolve) => {
            onCall = () => {
              if (bus.calls.length - first >= calls) resolve();
            };
            if (calls === 0) resolve();
          });
          const running = await publish();
          for (const parts of meanwhile) await made.append(...parts);
          await Promise.race([called, eventually(allRecorded)]);
          for (let at = 0; at < turns; at += 1) await turn();
          await running.close();
          await running.ended;
          const put = eventsOf(bus.calls.slice(first).flat());
          expect(put.filter((event) => !isBehind(event, recorded))).toEqual([]);
        }
        await made.append(['A']);
        const running = await publish();
        await eventually(allRecorded);
        await eventually(() => {
          const tallied = bus.taken
            .map(detailOf)
            .flatMap((one) => (one.kind === 'tally' ? one.tally.to : []));
          expect(tallied.at(-1)).toBe(made.writer.durable);
        });
        await running.close();
        const ids = new Set(eventsOf(bus.taken).map(({ id }) => id));
        expect([...ids].sort()).toEqual([...(await made.ids())].sort());
      } finally {
        await made.close();
      }
    }),
    { numRuns },
  );
}, 300_000);
