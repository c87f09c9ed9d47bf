import { compareOrderKeys, type DomainEvent, type OrderKey } from 'banyan/events';
import type { Bounds } from './bounds.ts';

/** Those of the events that may be new to an item which has everything up to a place; the same list when all may be. */
export function newerThan(
  at: OrderKey | undefined,
  events: readonly DomainEvent[],
  bounds: Bounds,
): readonly DomainEvent[] {
  for (const event of events) {
    if (!isNewer(at, event, bounds)) return events.filter((one) => isNewer(at, one, bounds));
  }
  return events;
}

function isNewer(at: OrderKey | undefined, event: DomainEvent, { isCovered }: Bounds): boolean {
  return !isCovered(event) && (at === undefined || compareOrderKeys(event, at) > 0);
}

/**
 * A window with more events, in order, each place once; of two at one place the window's stays. Events that come in
 * order behind the window are appended, and where nothing is new the window is given back.
 */
export function merged(
  window: readonly DomainEvent[],
  events: readonly DomainEvent[],
): readonly DomainEvent[] {
  if (events.length === 0) return window;
  const all = window.length === 0 ? events : [...window, ...events];
  if (isInOrder(all)) return all;
  const places = [...all].sort(compareOrderKeys).filter((event, at, sorted) => {
    const before = sorted[at - 1];
    return before === undefined || compareOrderKeys(before, event) < 0;
  });
  return places.length === window.length ? window : places;
}

function isInOrder(events: readonly DomainEvent[]): boolean {
  let before: DomainEvent | undefined;
  for (const event of events) {
    if (before !== undefined && compareOrderKeys(before, event) >= 0) return false;
    before = event;
  }
  return true;
}

/** How many of the events, which are in order, no other can overtake any more. */
export function settledCount(events: readonly DomainEvent[], { isSettled }: Bounds): number {
  let [least, most] = [0, events.length];
  const last = events.at(-1);
  if (last === undefined || isSettled(last)) return most;
  most -= 1;
  while (least < most) {
    const middle = (least + most) >> 1;
    const event = events[middle];
    if (event !== undefined && isSettled(event)) least = middle + 1;
    else most = middle;
  }
  return least;
}
