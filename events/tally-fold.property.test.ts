import { expect, test } from '@jest/globals';
import type { Line } from 'banyan/runtime';
import fc from 'fast-check';
import { countEvents } from './count-events.ts';
import type { LogCursor } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import { TallyFold, type Counted } from './tally-fold.ts';
import { eventsIn, histories, isBehind, type EventHistory } from './testing/event-histories.ts';
import { historyReader } from './testing/history-reader.ts';

const numRuns = process.env['BANYAN_LONG'] ? 20_000 : 300;
const oneHistory = histories.map(([first]) => first).filter((one) => one !== undefined);

/** What a plain count finds of the events behind a cursor, up to a position. */
function counted(history: EventHistory, after: LogCursor, to: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const event of history.lines.flatMap((line) => eventsIn(history, line)))
    if (isBehind(event, after) && event.position <= to) counts[event.type] = (counts[event.type] ?? 0) + 1;
  return counts;
}

test('whenever tallies are taken, they follow one another and count what is there', () => {
  fc.assert(
    fc.property(oneHistory, fc.infiniteStream(fc.boolean()), (history, cuts) => {
      const fold = new TallyFold(0);
      const tallies: Counted[] = [];
      for (const line of history.lines) {
        fold.add(line as Line<EventLogLine>);
        if (cuts.next().value !== true) continue;
        const taken = fold.take();
        if (taken) tallies.push(taken);
        expect(fold.take()).toBeUndefined();
        expect(fold.events).toBe(0);
      }
      const rest = fold.take();
      if (rest) tallies.push(rest);
      let end = 0;
      for (const { after, to, logTime, counts } of tallies) {
        expect(after).toBe(end);
        expect(counts).toEqual(counted(history, { position: after }, to));
        const there = history.lines.findLast(({ position }) => position === to);
        expect(there).toMatchObject({ last: true, logTime });
        end = to;
      }
      expect(end).toBe(history.lines.at(-1)?.position);
    }),
    { numRuns },
  );
});

test('a part of a log is counted as it is read, from any cursor to any position', async () => {
  const cursor = fc.record({ position: fc.nat(15), index: fc.option(fc.nat(4), { nil: undefined }) });
  await fc.assert(
    fc.asyncProperty(oneHistory, cursor, fc.nat(20), fc.constantFrom(1, 3), async (history, at, to, size) => {
      const after: LogCursor =
        at.index === undefined ? { position: at.position } : { ...at, index: at.index };
      const found = await countEvents(historyReader(history, size), history.log, after, to);
      expect(found).toEqual(counted(history, after, to));
      const all = await countEvents(historyReader(history, size), history.log, undefined, to);
      expect(all).toEqual(counted(history, { position: 0 }, to));
    }),
    { numRuns },
  );
});

test('a log that does not reach so far is not counted as if it did', async () => {
  const log = { source: 'shop', translation: 'orders', version: 1 };
  const reader = historyReader({ log, lines: [] }, 1);
  await expect(countEvents(reader, log, { position: 3 }, 7)).rejects.toMatchObject({
    code: 'EVENT_LOG_SHORT',
    retryable: true,
  });
});
