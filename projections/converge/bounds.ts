import {
  compareOrderKeys,
  eventLogName,
  type DomainEvent,
  type EventLogRef,
  type OrderKey,
} from 'banyan/events';
import { orderKeyOf } from '../fold.ts';
import { coversEvent } from '../progress.ts';
import type { Tracking } from '../tracker/ledger.ts';

/** What is known of a view when events are folded into it. */
export interface Bounds {
  /** Whether the view has the event, since it lies at or below its log's watermark. */
  readonly isCovered: (event: DomainEvent) => boolean;
  /** Whether no event that is not known yet can come before the place. */
  readonly isSettled: (at: OrderKey) => boolean;
  /** The place before which a key that has no item has nothing; undefined: not known. */
  readonly nothingBefore: OrderKey | undefined;
}

/**
 * The frontier of a view: the least order key that an event after its watermarks may have. Undefined while the log time
 * at some watermark is not known.
 */
export function frontierOf(
  logs: readonly EventLogRef[],
  { watermark, logTimes }: Pick<Tracking, 'watermark' | 'logTimes'>,
): OrderKey | undefined {
  let least: OrderKey | undefined;
  for (const log of logs) {
    const name = eventLogName(log);
    const logTime = logTimes[name];
    if (logTime === undefined) return undefined;
    const { position = 0, index } = watermark[name] ?? {};
    const place = index === undefined ? { position: position + 1, index: 0 } : { position, index: index + 1 };
    const bound: OrderKey = { logTime, source: log.source, translation: log.translation, ...place };
    if (!least || compareOrderKeys(bound, least) < 0) least = bound;
  }
  return least;
}

/**
 * The bounds on an ordered bus: what it has delivered, up to the newest event of a batch, no other event can overtake.
 * What lies behind that may still be waiting in items that an unordered bus left.
 * @param fresh the events of the batch that the progress does not cover, in order: no others may be folded
 */
export function orderedBounds(fresh: readonly DomainEvent[]): Bounds {
  const [first, last] = [fresh[0], fresh.at(-1)];
  return {
    isCovered: () => false,
    isSettled: (at) => last !== undefined && compareOrderKeys(at, last) <= 0,
    nothingBefore: first && { ...orderKeyOf(first), index: first.index - 1 },
  };
}

/** Whether an operator let the view go on without the event. */
export function isSkipped({ skipped }: Pick<Tracking, 'skipped'>, event: DomainEvent): boolean {
  if (skipped === undefined) return false;
  const { position, index } = event;
  const places = skipped[eventLogName(event)];
  return places?.some((place) => place.position === position && place.index === index) === true;
}

/** The bounds on an unordered bus, by what the tracker knows. */
export function trackedBounds(
  logs: readonly EventLogRef[],
  tracking: Pick<Tracking, 'watermark' | 'logTimes' | 'skipped'>,
): Bounds {
  const frontier = frontierOf(logs, tracking);
  return {
    isCovered: (event) => coversEvent(tracking.watermark, event) || isSkipped(tracking, event),
    isSettled: (at) => frontier !== undefined && compareOrderKeys(at, frontier) < 0,
    nothingBefore: frontier && { ...frontier, index: frontier.index - 1 },
  };
}
