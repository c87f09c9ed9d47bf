import type { DomainEvent, EventLogRef, LogCursor } from 'banyan/events';
import fc from 'fast-check';
import { exampleEvent } from '../../testing/counters.ts';
import { at } from '../../testing/examples.ts';
import { trackedBounds, type Bounds } from '../bounds.ts';
import { acts } from './acts.ts';

/** The logs of the histories, in the order in which their events at one log time come. */
export const logs: readonly EventLogRef[] = ['crm', 'shop'].map((source) => ({
  source,
  translation: 'orders',
  version: 1,
}));

const logOf = ({ source }: { readonly source: string }): string => `${source}:orders@1`;

/** A history of one key, in order: of two sources, several events a transaction, several transactions at one time. */
export const histories: fc.Arbitrary<readonly DomainEvent[]> = fc
  .subarray([...acts], { minLength: 1 })
  .chain((some) =>
    fc.array(
      fc.record({
        act: fc.constantFrom(...some),
        log: fc.nat(1),
        /** Seconds since the event before. */
        later: fc.nat(1),
        /** Positions since the event before of its log; 0: of its transaction, when that was at the same time. */
        beyond: fc.nat(2),
      }),
      { minLength: 1, maxLength: 24 },
    ),
  )
  .map((made) => {
    let second = 0;
    const last = new Map<string, DomainEvent>();
    const events = made.map(({ act, log, later, beyond }) => {
      const source = logs[log]?.source ?? '';
      second += later;
      const { logTime } = at(second);
      const before = last.get(source);
      const isOneMore = before !== undefined && beyond === 0 && before.logTime === logTime;
      const position = isOneMore ? before.position : (before?.position ?? 0) + Math.max(1, beyond);
      const index = isOneMore ? before.index + 1 : 0;
      const event = exampleEvent(position, act, {}, { source, logTime, index });
      last.set(source, event);
      return event;
    });
    // Within a second one source's come first, each in the order of its log.
    return logs.length > 1 ? bySecond(events) : events;
  });

function bySecond(events: readonly DomainEvent[]): DomainEvent[] {
  const seconds = [...new Set(events.map(({ logTime }) => logTime))];
  return seconds.flatMap((second) =>
    logs.flatMap(({ source }) => events.filter((one) => one.logTime === second && one.source === source)),
  );
}

/** How a watermark follows what has arrived. */
export interface Lag {
  /** Events that it stays behind. */
  readonly events: number;
  /** Whether a tally has told the latest time that it can have. */
  readonly isTold: boolean;
}

/** What the tracker may know when these events of a history have arrived. */
export function boundsWhen(
  history: readonly DomainEvent[],
  hasArrived: (event: DomainEvent) => boolean,
  lag: Lag,
): Bounds {
  const watermark: Record<string, LogCursor> = {};
  const logTimes: Record<string, string> = {};
  for (const log of logs) {
    const own = history.filter(({ source }) => source === log.source);
    const missing = own.findIndex((event) => !hasArrived(event));
    const covered = Math.max(0, (missing === -1 ? own.length : missing) - lag.events);
    const [last, next] = [own[covered - 1], own[covered]];
    if (last) watermark[logOf(log)] = cursorAfter(last, next);
    const known = lag.isTold ? (next?.logTime ?? '2099-01-01T00:00:00.000000Z') : last?.logTime;
    if (known !== undefined) logTimes[logOf(log)] = known;
  }
  return trackedBounds(logs, { watermark, logTimes });
}

function cursorAfter(last: DomainEvent, next: DomainEvent | undefined): LogCursor {
  const { position, index } = last;
  return next?.position === position ? { position, index } : { position };
}
