import { compareOrderKeys, eventLogName, type OrderKey, type Progress } from 'banyan/events';
import { covers, type Generation, type Item } from 'banyan/projections';
import { hasAllOf } from '../coverage.ts';

/** What was read of one generation at once: everything up to `before` is in it, nothing behind `after`. */
export interface Reading {
  readonly generation: Generation;
  /** The progress when the reading began. */
  readonly before: Progress;
  /** The progress when it had ended; documents and progress are committed together. */
  readonly after: Progress;
}

/** A key as it was read of both generations. */
export interface ReadPair {
  readonly key: string;
  readonly live: { readonly item: Item | undefined; readonly reading: Reading };
  readonly next: { readonly item: Item | undefined; readonly reading: Reading };
}

/**
 * Whether the two items are folds of the same history, though they were read at different moments: then their
 * difference is the code's, and not the time's. One of:
 *
 * - both readings have all that the other one has;
 * - both items end with the same event (the bus is ordered: each has all of the key's events before it);
 * - both readings have everything up to the later one of the items' last events, which says nothing of other logs
 *   unless all are of one source, where positions are in order.
 */
export function isSettled({ live, next }: ReadPair): boolean {
  if (hasAll(live.reading, next.reading) && hasAll(next.reading, live.reading)) return true;
  const [one, other] = [lastEvent(live.item), lastEvent(next.item)];
  if (one === 'unknown' || other === 'unknown') return false;
  if (one && other && compareOrderKeys(one, other) === 0 && sameLogs(live.reading, next.reading)) return true;
  const position = Math.max(one?.position ?? 0, other?.position ?? 0);
  return (
    oneSource(live.reading, next.reading) && [live, next].every(({ reading }) => isPast(reading, position))
  );
}

/** The last event that changed the item; none where there is no item. */
function lastEvent(item: Item | undefined): OrderKey | 'unknown' | undefined {
  if (!item) return undefined;
  const { state } = item;
  return state.kind === 'settled' || state.kind === 'removed' ? state.at : 'unknown';
}

function hasAll({ generation, before }: Reading, other: Reading): boolean {
  return hasAllOf({ generation, progress: before }, { generation: other.generation, progress: other.after });
}

function isPast({ generation, before }: Reading, position: number): boolean {
  return covers(before, Object.fromEntries(generation.logs.map((log) => [eventLogName(log), { position }])));
}

function sameLogs(one: Reading, other: Reading): boolean {
  const names = new Set(one.generation.logs.map(eventLogName));
  return (
    names.size === other.generation.logs.length &&
    other.generation.logs.every((log) => names.has(eventLogName(log)))
  );
}

function oneSource(one: Reading, other: Reading): boolean {
  const logs = [...one.generation.logs, ...other.generation.logs];
  return logs.length > 0 && logs.every(({ source }) => source === logs[0]?.source);
}
