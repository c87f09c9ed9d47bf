import {
  compareOrderKeys,
  eventLogName,
  type DomainEvent,
  type LogCursor,
  type Progress,
} from 'banyan/events';
import { mayTryAgain } from './contention.ts';
import type { Bounds } from './converge/bounds.ts';
import { converge } from './converge/converge.ts';
import { limitsOf } from './converge/limits.ts';
import { logParked, newlyParked, type NewlyParked } from './converge/newly-parked.ts';
import { byKeyInParts, type PieceLimits, type RoutedEvent } from './pieces.ts';
import type { Receipt } from './tracker/ledger.ts';
import { boundsOf, type UnorderedTarget } from './unordered-target.ts';
import type { Item, ItemWrite } from './view-store.ts';

/** What was written. */
export interface Written {
  /** Items written. */
  readonly documents: number;
  /** Items that another writer had changed, so that they were read again. */
  readonly conflicts: number;
  /** Keys that an event has parked. */
  readonly parked: readonly NewlyParked[];
  /** Events that are not recorded as done, to be given again. All others are done. */
  readonly left: readonly DomainEvent[];
  /** Keys of theirs that other writers kept changing; none where there was no time for them. */
  readonly contested: readonly string[];
}

/** Nothing yet. */
export const nothing: Written = { documents: 0, conflicts: 0, parked: [], left: [], contested: [] };

/** What was written, and then more. */
export function together(one: Written, other: Written): Written {
  return {
    documents: one.documents + other.documents,
    conflicts: one.conflicts + other.conflicts,
    parked: [...one.parked, ...other.parked],
    left: [...one.left, ...other.left],
    contested: [...one.contested, ...other.contested],
  };
}

/** How a piece is written. */
export interface Writing {
  readonly limits: PieceLimits;
  /** Whether its events were read from the event log. */
  readonly healed: boolean;
  /** Aborted, nobody is waited for any more. */
  readonly signal: AbortSignal;
}

/**
 * Writes the items of a piece, and then that its events are done: all but those with keys that are left. The receipts of
 * all are kept with the last items, or after them.
 */
export async function writePiece(
  target: UnorderedTarget,
  piece: readonly RoutedEvent[],
  { limits, signal, healed }: Writing,
): Promise<Written> {
  const { generation, store, logger } = target;
  const parts = byKeyInParts(piece, limits.keys);
  const receipts = receiptsOf(piece, healed);
  const left = new Set<string>();
  let written = nothing;
  let isRecorded = receipts.length === 0;
  for (const [at, part] of parts.entries()) {
    const isLast = at === parts.length - 1;
    const done = await writeKeys(target, part, isLast && left.size === 0 ? receipts : [], signal);
    isRecorded ||= isLast && done.isRecorded;
    for (const key of done.left) left.add(key);
    written = together(written, done.written);
  }
  const isLeft = ({ keys }: RoutedEvent): boolean => left.size > 0 && keys.some((key) => left.has(key));
  const done = left.size > 0 ? piece.filter((one) => !isLeft(one)) : piece;
  if (!isRecorded && done.length > 0) await store.addReceipts(generation, receiptsOf(done, healed));
  for (const one of written.parked) logParked(logger, generation, one);
  return { ...written, left: piece.filter(isLeft).map(({ event }) => event) };
}

/** Writes the items of some keys, again those that others have changed meanwhile, after a while. */
async function writeKeys(
  target: UnorderedTarget,
  byKey: ReadonlyMap<string, readonly DomainEvent[]>,
  receipts: readonly Receipt[],
  signal: AbortSignal,
): Promise<{
  readonly written: Written;
  /** Keys that are not done. */
  readonly left: readonly string[];
  readonly isRecorded: boolean;
}> {
  const { generation, store } = target;
  const parked: NewlyParked[] = [];
  let [documents, conflicted, isRecorded] = [0, 0, false];
  let pending = byKey;
  for (let attempt = 1; pending.size > 0; attempt += 1) {
    if (attempt > 1 && !(await mayTryAgain(target, attempt, signal))) break;
    const items = await store.readMany(generation, [...pending.keys()]);
    const isFreshWanted = attempt > 1 || overtakes(items, pending);
    const bounds = await boundsOf(target, isFreshWanted ? 'fresh' : 'recent');
    const { writes, parked: stopped } = convergeAll(target, pending, items, bounds);
    if (writes.length === 0) {
      pending = new Map();
      break;
    }
    const { conflicts } = await store.writeMany(generation, writes, receipts);
    isRecorded = receipts.length > 0 && conflicts.length === 0;
    documents += writes.length - conflicts.length;
    conflicted += conflicts.length;
    parked.push(...stopped.filter(({ key }) => !conflicts.includes(key)));
    pending = new Map(conflicts.map((key) => [key, byKey.get(key) ?? []]));
  }
  const left = [...pending.keys()];
  const written = { documents, conflicts: conflicted, parked, left: [], contested: left };
  return { written, left, isRecorded };
}

/**
 * Whether an event would come before others of an item. It may be a repetition from before the item's key was removed,
 * its tombstone purged, and the key used again: only what the tracker knew after the item was read tells it apart. An
 * event behind all others of the item is none: those came behind everything that was purged.
 */
function overtakes(
  items: ReadonlyMap<string, Item>,
  byKey: ReadonlyMap<string, readonly DomainEvent[]>,
): boolean {
  for (const [key, { state }] of items) {
    const last = state.kind === 'open' ? state.window.at(-1) : undefined;
    if (last && byKey.get(key)?.some((event) => compareOrderKeys(event, last) < 0)) return true;
  }
  return false;
}

function convergeAll(
  { projection, store, limits = limitsOf(store) }: UnorderedTarget,
  byKey: ReadonlyMap<string, readonly DomainEvent[]>,
  items: ReadonlyMap<string, Item>,
  bounds: Bounds,
): { readonly writes: readonly ItemWrite[]; readonly parked: readonly NewlyParked[] } {
  const writes: ItemWrite[] = [];
  const parked: NewlyParked[] = [];
  for (const [key, events] of byKey) {
    const item = items.get(key);
    const result = converge(projection, key, item, events, bounds, limits);
    if (result.kind === 'unchanged') continue;
    const write = { item: result.item, expected: item?.revision, indexEntries: result.indexEntries };
    writes.push(item ? write : { ...write, madeOf: leastOf(events, bounds) });
    const stopped = newlyParked(result);
    if (stopped) parked.push(stopped);
  }
  return { writes, parked };
}

/** By log, the least place of the events that are not covered. */
function leastOf(events: readonly DomainEvent[], { isCovered }: Bounds): Progress {
  const least: Record<string, Required<LogCursor>> = {};
  for (const event of events) {
    if (isCovered(event)) continue;
    const { position, index } = event;
    const log = eventLogName(event);
    const known = least[log];
    if (known && (known.position - position || known.index - index) <= 0) continue;
    least[log] = { position, index };
  }
  return least;
}

function receiptsOf(piece: readonly RoutedEvent[], healed: boolean): Receipt[] {
  const byLog = new Map<string, DomainEvent[]>();
  for (const { event } of piece) {
    const log = eventLogName(event);
    const others = byLog.get(log);
    if (others) others.push(event);
    else byLog.set(log, [event]);
  }
  return [...byLog].map(([log, all]) => ({
    log,
    places: all.map(({ position, index }) => ({ position, index })),
    healed,
  }));
}
