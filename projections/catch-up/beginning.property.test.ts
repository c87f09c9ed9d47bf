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

test('a frontier with the position of one log and an older log time leaves out nothing of another', async () => {
  const line = (position: number, logTime: string, type: string) => ({
    ...{
      position,
      previous: position - 1,
      part: 0,
      last: true,
      kind: 'events',
      logTime,
      committedAt: logTime,
    },
    ...{ first: 0, events: [{ id: `${type}:${String(position)}:0`, type, data: {} }] },
  });
  const orders = { source: 'shop', translation: 'orders', version: 1 };
  const stock = { source: 'shop', translation: 'stock', version: 1 };
  const reader = historyReader(
    {
      log: stock,
      lines: [1, 2, 3, 4].map((position) => line(position, timeAt(position), 'Stocked')) as never,
    },
    1,
  );
  // The orders have come to position 3, of which only the log time at position 1 is known.
  const frontier = { logTime: timeAt(1), source: 'shop', position: 4, translation: 'orders', index: -1 };
  const from = await beginningOf(
    [
      { log: orders, reader },
      { log: stock, reader },
    ],
    [frontier],
  );
  expect(from).toEqual({ 'shop:orders@1': { position: 3 } });
});

function timeAt(second: number): string {
  return `2026-01-01T00:00:0${String(second)}.000000Z`;
}
