import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { eventLogName, type DomainEvent, type Progress } from './domain-event.ts';
import { compareOrderKeys } from './order.ts';
import { logEnds, readMerged, type LogEnds, type MergedLog } from './read-merged.ts';
import { eventsIn, histories, type EventHistory } from './testing/event-histories.ts';
import { historyReader } from './testing/history-reader.ts';

const numRuns = process.env['BANYAN_LONG'] ? 10_000 : 300;

/** Where the whole entries among the first lines of a log end. */
function wholeLength({ lines }: EventHistory, length: number): number {
  let end = Math.min(length, lines.length);
  while (end > 0 && lines[end - 1]?.last === false) end -= 1;
  return end;
}

async function readAll(logs: readonly MergedLog[], from: Progress, to: LogEnds) {
  const events: DomainEvent[] = [];
  let progress = from;
  const steps: { readonly events: number; readonly progress: Progress }[] = [];
  for await (const some of readMerged(logs, { from, to })) {
    events.push(...some.events);
    progress = some.progress;
    steps.push({ events: events.length, progress });
  }
  return { events, progress, steps };
}

test('for the same ends the merged events are the same, in order, from wherever and however they are read', async () => {
  await fc.assert(
    fc.asyncProperty(
      histories,
      fc.array(fc.nat(20), { minLength: 4, maxLength: 4 }),
      fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.nat(20)),
      async (all, lengths, [perBatch, otherBatch, stop]) => {
        const logsWith = (batch: number, whole = false): MergedLog[] =>
          all.map((history, at) => {
            const length = whole ? history.lines.length : wholeLength(history, lengths[at] ?? 0);
            return { log: history.log, reader: historyReader(history, batch, length) };
          });
        const to = await logEnds(logsWith(1));
        const one = await readAll(logsWith(perBatch), {}, to);
        // The logs have grown meanwhile.
        const other = await readAll(logsWith(otherBatch, true), {}, to);
        expect(other.events).toEqual(one.events);
        const resumed = one.steps[stop % Math.max(1, one.steps.length)] ?? { events: 0, progress: {} };
        const rest = await readAll(logsWith(otherBatch, true), resumed.progress, to);
        expect(rest.events).toEqual(one.events.slice(resumed.events));
        // All that no log can overtake: nothing of a whole merge comes before the last one that is not there.
        const everything = all
          .flatMap((history) => history.lines.flatMap((line) => eventsIn(history, line)))
          .sort(compareOrderKeys);
        expect(one.events).toEqual(everything.slice(0, one.events.length));
        expect(
          Object.keys(one.progress).every((name) => all.some(({ log }) => eventLogName(log) === name)),
        ).toBe(true);
      },
    ),
    { numRuns },
  );
});
