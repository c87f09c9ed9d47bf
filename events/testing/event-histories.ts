import fc from 'fast-check';
import { eventLogName, type DomainEvent, type EventLogRef, type LogCursor } from '../domain-event.ts';
import { eventsOfLine, type EventLogLine } from '../event-log.ts';
import { timeAt } from './change-entries.ts';

/** A line of an event log with its position. */
export type PlacedLine = EventLogLine & { readonly position: number; readonly last: boolean };

/** An event log as it might be: lines in order, the last one a tick far in the future. */
export interface EventHistory {
  readonly log: EventLogRef;
  readonly lines: readonly PlacedLine[];
}

/** A time behind every other of these histories. */
export const endOfTime = timeAt(1_000_000);

/** Event types that the histories use. */
export const types = ['A', 'B', 'C'] as const;

const step = fc.record({
  /** Microseconds since the entry before: often none, so that log times are equal. */
  later: fc.nat(2),
  skipped: fc.nat(2),
  /** Events of each line; an entry without lines is a tick. */
  parts: fc.array(fc.array(fc.constantFrom(...types), { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
});

/** Logs of one or two sources with one or two translations each. */
export const histories: fc.Arbitrary<EventHistory[]> = fc
  .uniqueArray(
    fc.record({
      source: fc.constantFrom('billing', 'shop'),
      translation: fc.constantFrom('customers', 'orders'),
      version: fc.constant(1),
    }),
    { minLength: 1, maxLength: 4, selector: eventLogName },
  )
  .chain((logs) => {
    // Log times belong to the source's positions: they are the same in all of its logs.
    const ofSource = fc.array(fc.nat(2), { minLength: 12, maxLength: 12 });
    return fc
      .record({ billing: ofSource, shop: ofSource })
      .chain((gaps) =>
        fc.tuple(
          ...logs.map((log) =>
            fc.array(step, { maxLength: 6 }).map((steps) => historyOf(log, steps, gaps[log.source])),
          ),
        ),
      );
  });

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function historyOf(log: EventLogRef, steps: readonly Step[], gaps: readonly number[]): EventHistory {
  const lines: PlacedLine[] = [];
  let position = 0;
  for (const { skipped, parts } of steps) {
    position += 1 + skipped;
    const logTime = timeAt(gaps.slice(0, position).reduce((sum, gap) => sum + gap, 0));
    if (parts.length === 0) lines.push({ kind: 'tick', logTime, position, last: true });
    let first = 0;
    parts.forEach((kinds, part) => {
      const events = kinds.map((type, at) => ({
        id: `${eventLogName(log)}:${String(position)}:${String(first + at)}`,
        type,
        data: {},
      }));
      const last = part === parts.length - 1;
      lines.push({ kind: 'events', logTime, committedAt: logTime, first, events, position, last });
      first += kinds.length;
    });
  }
  lines.push({ kind: 'tick', logTime: endOfTime, position: position + 100, last: true });
  return { log, lines };
}

/** All events of a line, in full. */
export function eventsIn({ log }: EventHistory, line: PlacedLine): DomainEvent[] {
  return line.kind === 'tick' ? [] : eventsOfLine(log, line);
}

/** Whether a cursor leaves the event still to be read. */
export function isBehind({ position, index }: DomainEvent, cursor: LogCursor | undefined): boolean {
  if (!cursor || position !== cursor.position) return position > (cursor?.position ?? 0);
  return cursor.index !== undefined && index > cursor.index;
}
