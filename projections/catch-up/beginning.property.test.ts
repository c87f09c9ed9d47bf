import { expect, test } from '@jest/globals';
import { compareOrderKeys, readEvents, type DomainEvent, type OrderKey } from 'banyan/events';
import fc from 'fast-check';
import { eventsIn, histories } from '../../events/testing/event-histories.ts';
import { historyReader } from '../../events/testing/history-reader.ts';
import { beginningOf } from './beginning.ts';

test('no event behind a place is left out, and not all is read again', async () => {
  let [left, all] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      histories,
      fc.array(fc.record({ event: fc.nat(), before: fc.boolean() }), { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 3 }),
      async (logs, chosen, perBatch) => {
        const events = logs.flatMap((one) => one.lines.flatMap((line) => eventsIn(one, line)));
        const places = chosen.flatMap(({ event, before }): OrderKey[] => {
          const found = events[event % Math.max(1, events.length)];
          return found ? [before ? { ...found, index: found.index - 1 } : found] : [];
        });
        const merged = logs.map((one) => ({ log: one.log, reader: historyReader(one, perBatch) }));
        const from = await beginningOf(merged, places);
        const read: DomainEvent[] = [];
        for (const { log, reader } of merged) {
          const after = from[`${log.source}:${log.translation}@${log.version}`];
          for await (const chunk of readEvents(reader, log, after ? { after } : {}))
            read.push(...chunk.events);
        }
        const wanted = events.filter((event) => places.some((place) => compareOrderKeys(event, place) > 0));
        const ids = new Set(read.map(({ id }) => id));
        expect(wanted.filter(({ id }) => !ids.has(id))).toEqual([]);
        [left, all] = [left + events.length - read.length, all + events.length];
      },
    ),
    { numRuns: 300 },
  );
  expect(left).toBeGreaterThan(all / 5);
});

test('a key that has nothing yet is read from the beginning', async () => {
  expect(await beginningOf([], [undefined])).toEqual({});
});
