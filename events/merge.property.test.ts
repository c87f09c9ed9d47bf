import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { seeded } from '../kit/seeded.ts';
import { eventLogName, type DomainEvent, type LogCursor, type Progress } from './domain-event.ts';
import { createMerge, type Merge } from './merge.ts';
import { compareOrderKeys } from './order.ts';
import {
  eventsIn,
  histories,
  isBehind,
  types,
  type EventHistory,
  type PlacedLine,
} from './testing/event-histories.ts';

const numRuns = process.env['BANYAN_LONG'] ? 20_000 : 300;
const limits = { events: 3, bytes: 1_000_000 };
/** A number from 0, below the one given. */
type Choose = (below: number) => number;

const choices = fc.integer().map((seed): Choose => {
  const random = seeded(seed);
  return (below) => Math.floor(random() * below);
});

function cursorOf(line: PlacedLine): LogCursor {
  if (line.last || line.kind === 'tick') return { position: line.position };
  return { position: line.position, index: line.first + line.events.length - 1 };
}

/** Feeds a log to a merge, a line a time, as a reader behind `from` would see it. */
function feeder(history: EventHistory, from: Progress, wanted: ReadonlySet<string>, merge: Merge) {
  const after = from[eventLogName(history.log)];
  let next = history.lines.findIndex(
    (line) =>
      eventsIn(history, line).some((e) => isBehind(e, after)) || line.position > (after?.position ?? 0),
  );
  const last = history.lines.at(-1);
  if (next < 0 && after && last) {
    // Nothing new: what the log's end says of the time still counts, as in a subscription that begins again.
    merge.push(history.log, { events: [], cursor: after, logTime: last.logTime });
    next = history.lines.length;
  }
  return {
    isDone: () => next >= history.lines.length,
    feed: () => {
      const line = history.lines[next];
      if (!line || !merge.hasRoom(history.log)) return;
      next += 1;
      const events = eventsIn(history, line).filter((e) => wanted.has(e.type) && isBehind(e, after));
      merge.push(history.log, { events, cursor: cursorOf(line), logTime: line.logTime });
    },
  };
}

interface Step {
  readonly events: readonly DomainEvent[];
  readonly progress: Progress;
}

function mergeAll(all: EventHistory[], from: Progress, wanted: ReadonlySet<string>, choose: Choose): Step[] {
  const merge = createMerge(
    all.map(({ log }) => log),
    from,
  );
  const feeders = all.map((history) => feeder(history, from, wanted, merge));
  const steps: Step[] = [];
  for (;;) {
    const pending = feeders.filter((one) => !one.isDone());
    pending[choose(Math.max(1, pending.length))]?.feed();
    if (choose(2) === 0 || pending.length === 0) {
      const { events, progress } = merge.take(limits);
      steps.push({ events, progress });
      if (pending.length === 0 && events.length === 0) return steps;
    }
  }
}

const wantedTypes = fc.subarray([...types], { minLength: 1 }).map((some) => new Set<string>(some));

test('the merged order is that of the order keys; nothing is lost, repeated or early', () => {
  fc.assert(
    fc.property(histories, wantedTypes, choices, (all, wanted, choose) => {
      const expected = all
        .flatMap((history) => history.lines.flatMap((line) => eventsIn(history, line)))
        .filter((event) => wanted.has(event.type))
        .sort(compareOrderKeys);
      const steps = mergeAll(all, {}, wanted, choose);
      expect(steps.flatMap(({ events }) => events).map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
      // At the end every log was read whole.
      const end = steps.at(-1)?.progress;
      for (const { log, lines } of all) {
        expect(end?.[eventLogName(log)]).toEqual({ position: lines.at(-1)?.position });
      }
    }),
    { numRuns },
  );
});

test('from any progress that was handed out, the rest follows exactly', () => {
  fc.assert(
    fc.property(histories, wantedTypes, choices, (all, wanted, choose) => {
      const steps = mergeAll(all, {}, wanted, choose);
      const stop = choose(steps.length);
      const before = steps.slice(0, stop + 1).flatMap(({ events }) => events);
      const rest = mergeAll(all, steps[stop]?.progress ?? {}, wanted, choose).flatMap(({ events }) => events);
      const ids = [...before, ...rest].map(({ id }) => id);
      expect(ids).toEqual(steps.flatMap(({ events }) => events).map(({ id }) => id));
    }),
    { numRuns },
  );
});

test('every progress covers exactly what was delivered', () => {
  fc.assert(
    fc.property(histories, wantedTypes, choices, (all, wanted, choose) => {
      const delivered = new Set<string>();
      for (const { events, progress } of mergeAll(all, {}, wanted, choose)) {
        for (const { id } of events) delivered.add(id);
        for (const history of all) {
          for (const event of history.lines.flatMap((line) => eventsIn(history, line))) {
            if (!wanted.has(event.type)) continue;
            const isCovered = !isBehind(event, progress[eventLogName(history.log)]);
            expect([event.id, isCovered]).toEqual([event.id, delivered.has(event.id)]);
          }
        }
      }
    }),
    { numRuns },
  );
});
