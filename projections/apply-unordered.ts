import {
  compareOrderKeys,
  eventLogName,
  type DomainEvent,
  type LogCursor,
  type Progress,
} from 'banyan/events';
import type { Logger } from 'banyan/runtime';
import { trackedBounds, type Bounds } from './converge/bounds.ts';
import { converge } from './converge/converge.ts';
import { limitsOf, type ConvergeLimits } from './converge/limits.ts';
import { logParked, newlyParked, type NewlyParked } from './converge/newly-parked.ts';
import type { FoldFailure } from './failure.ts';
import { keysOf } from './keys.ts';
import { parkProjection } from './park-projection.ts';
import type { AnyProjection } from './projection.ts';
import { projectionFailed } from './projector-errors.ts';
import type { Receipt } from './tracker/ledger.ts';
import type { TrackingView } from './tracking-view.ts';
import { itemsBusy, projectionParked } from './unordered-errors.ts';
import type { Generation, Item, ItemWrite, ViewStore } from './view-store.ts';

/** What events are applied to, in whatever order they come. */
export interface UnorderedTarget {
  /** With the code that built the generation. */
  readonly projection: AnyProjection;
  readonly generation: Generation;
  readonly store: ViewStore;
  /** Shared by all batches of a process, so that not each of them reads it. */
  readonly tracking: TrackingView;
  readonly logger: Logger;
  /** Default: those of the store. */
  readonly limits?: ConvergeLimits;
}

/** What became of a batch. */
export interface AppliedUnordered {
  /** Events that the view did not have, as far as the watermark tells. */
  readonly events: number;
  /** Those that were dropped: covered by the watermark, or twice in the batch. */
  readonly duplicates: number;
  /** Items written. */
  readonly documents: number;
  /** Items that another writer had changed, so that they were read again. */
  readonly conflicts: number;
  /** Keys that an event of the batch has parked. */
  readonly parked: readonly NewlyParked[];
  /** Of the events that the view did not have, the one with the greatest order key. */
  readonly last: DomainEvent | undefined;
}

/** Events by key, and those whose keys cannot be told. */
interface Routes {
  readonly byKey: ReadonlyMap<string, readonly DomainEvent[]>;
  readonly fresh: readonly DomainEvent[];
  readonly failed: readonly { readonly event: DomainEvent; readonly failure: FoldFailure }[];
}

/** How often a key is read again when somebody else has changed it: one of the writers gets through each time. */
const attempts = 16;

/**
 * Applies events that may come in any order, repeatedly, and at several places at once: one read and one write for all
 * keys of the batch, again for those that somebody else changed meanwhile, then one receipt. It may be stopped
 * anywhere and be given the same events again. When it resolves, every event is applied or dropped for each of its
 * keys, and recorded; a queue may forget them.
 * @param healed whether they were read from the event log, since the bus was not seen to bring them
 * @throws BanyanError PROJECTION_FAILED when the key of an event cannot be told, now or by another batch before: the
 *   projection is parked then, and the other events of this batch are applied. ITEMS_CONTESTED (retryable); those of
 *   the store
 */
export async function applyUnordered(
  target: UnorderedTarget,
  events: readonly DomainEvent[],
  { healed = false }: { readonly healed?: boolean } = {},
): Promise<AppliedUnordered> {
  const { generation } = target;
  const { parked } = await target.tracking.recent();
  if (parked) throw projectionParked(generation, parked);
  const wanted = wantedOf(target, events);
  const { byKey, fresh, failed } = route(target.projection, wanted, await boundsOf(target, 'recent'));
  const unknown = new Set(failed.map(({ event }) => event));
  const done = unknown.size === 0 ? wanted : wanted.filter((event) => !unknown.has(event));
  const written = await writeAll(target, byKey, receiptsOf(done, healed));
  const [first] = failed;
  if (first) {
    await parkProjection(target, first.event, first.failure);
    throw projectionFailed(generation, first.failure);
  }
  return { events: fresh.length, duplicates: events.length - fresh.length, ...written, last: lastOf(fresh) };
}

/** Those that concern the projection, each once. A bus may bring others: no tally that counts here knows of them. */
function wantedOf(
  { projection, generation }: UnorderedTarget,
  events: readonly DomainEvent[],
): DomainEvent[] {
  const logs = new Set(generation.logs.map(eventLogName));
  const byId = new Map<string, DomainEvent>();
  for (const event of events) {
    if (projection.handlers.has(event.type) && logs.has(eventLogName(event))) byId.set(event.id, event);
  }
  return [...byId.values()];
}

function route(projection: AnyProjection, wanted: readonly DomainEvent[], { isCovered }: Bounds): Routes {
  const byKey = new Map<string, DomainEvent[]>();
  const fresh: DomainEvent[] = [];
  const failed: { readonly event: DomainEvent; readonly failure: FoldFailure }[] = [];
  for (const event of wanted) {
    if (isCovered(event)) continue;
    const found = keysOf(projection, event);
    if (found.kind === 'failed') {
      failed.push({ event, failure: found.failure });
      continue;
    }
    fresh.push(event);
    for (const key of found.keys) {
      const events = byKey.get(key);
      if (events) events.push(event);
      else byKey.set(key, [event]);
    }
  }
  return { byKey, fresh, failed };
}

async function boundsOf({ generation, tracking }: UnorderedTarget, how: 'recent' | 'fresh'): Promise<Bounds> {
  return trackedBounds(generation.logs, await tracking[how]());
}

/** Writes the items of all keys; the receipts are kept with the last of them, or after it. */
async function writeAll(
  target: UnorderedTarget,
  byKey: Routes['byKey'],
  receipts: readonly Receipt[],
): Promise<Pick<AppliedUnordered, 'documents' | 'conflicts' | 'parked'>> {
  const { generation, store, logger } = target;
  let pending = byKey;
  let [documents, conflicted] = [0, 0];
  let isRecorded = receipts.length === 0;
  const allParked: NewlyParked[] = [];
  for (let attempt = 1; pending.size > 0; attempt += 1) {
    const items = await store.readMany(generation, [...pending.keys()]);
    const isFreshWanted = attempt > 1 || overtakes(items, pending);
    const bounds = await boundsOf(target, isFreshWanted ? 'fresh' : 'recent');
    const { writes, parked } = convergeAll(target, pending, items, bounds);
    if (writes.length === 0) break;
    const { conflicts } = await store.writeMany(generation, writes, receipts);
    isRecorded ||= conflicts.length === 0;
    documents += writes.length - conflicts.length;
    conflicted += conflicts.length;
    allParked.push(...parked.filter(({ key }) => !conflicts.includes(key)));
    if (conflicts.length > 0 && attempt === attempts) throw itemsBusy(generation, conflicts);
    pending = new Map(conflicts.map((key) => [key, byKey.get(key) ?? []]));
  }
  if (!isRecorded) await store.addReceipts(generation, receipts);
  for (const one of allParked) logParked(logger, generation, one);
  return { documents, conflicts: conflicted, parked: allParked };
}

/**
 * Whether an event would come before others of an item. It may be a repetition from before the item's key was removed,
 * its tombstone purged, and the key used again: only what the tracker knew after the item was read tells it apart. An
 * event behind all others of the item is none: those came behind everything that was purged.
 */
function overtakes(items: ReadonlyMap<string, Item>, byKey: Routes['byKey']): boolean {
  for (const [key, { state }] of items) {
    const last = state.kind === 'open' ? state.window.at(-1) : undefined;
    if (last && byKey.get(key)?.some((event) => compareOrderKeys(event, last) < 0)) return true;
  }
  return false;
}

function convergeAll(
  { projection, store, limits = limitsOf(store) }: UnorderedTarget,
  byKey: Routes['byKey'],
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

function receiptsOf(events: readonly DomainEvent[], healed: boolean): Receipt[] {
  const byLog = new Map<string, DomainEvent[]>();
  for (const event of events) {
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

function lastOf(events: readonly DomainEvent[]): DomainEvent | undefined {
  return events.reduce<DomainEvent | undefined>(
    (last, event) => (last && compareOrderKeys(event, last) < 0 ? last : event),
    undefined,
  );
}
