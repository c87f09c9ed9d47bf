import { compareOrderKeys, type Delivery, type DomainEvent, type Progress } from 'banyan/events';
import { isSkipped, orderedBounds, type Bounds } from './converge/bounds.ts';
import { converge } from './converge/converge.ts';
import { limitsOf } from './converge/limits.ts';
import { newlyParked, type NewlyParked } from './converge/newly-parked.ts';
import type { FoldFailure } from './failure.ts';
import { placeOf } from './item-state.ts';
import { keysOf } from './keys.ts';
import { parkProjection } from './park-projection.ts';
import { coversEvent, coversKey } from './progress.ts';
import type { AnyProjection } from './projection.ts';
import { busUnordered, itemsContested, outOfOrder, projectionFailed } from './projector-errors.ts';
import type { Tracking } from './tracker/ledger.ts';
import type { AtomicViewStore, Generation, GenerationId, Item, ItemWrite } from './view-store.ts';

/** What is projected, and into what. */
export interface Target extends Pick<Tracking, 'skipped'> {
  readonly projection: AnyProjection;
  readonly generation: Generation;
  readonly store: AtomicViewStore;
}

/** What became of a batch. */
export interface Applied {
  readonly progress: Progress;
  readonly last: DomainEvent | undefined;
  readonly events: number;
  readonly duplicates: number;
  readonly documents: number;
  /** Keys that an event of the batch has parked. */
  readonly parked: readonly NewlyParked[];
}

/** Events by the key that they concern, in order. */
type Routes =
  | { readonly kind: 'routed'; readonly byKey: ReadonlyMap<string, readonly DomainEvent[]> }
  /** The keys of an event cannot be told. */
  | { readonly kind: 'failed'; readonly event: DomainEvent; readonly failure: FoldFailure };

/** How often a batch is folded again when somebody else changed its items meanwhile. */
const attempts = 5;

/**
 * Folds deliveries and writes documents and progress in one commit: one read and one write, however many events. An
 * event that cannot be folded parks its key, and all else goes on. One whose keys cannot be told parks the projection;
 * deliveries before that one are still applied.
 * @throws BanyanError PROJECTION_FAILED and others of `projector-errors.ts`; those of the store
 */
export async function applyBatch(
  target: Target,
  deliveries: readonly Delivery[],
  expected: Progress,
): Promise<Applied> {
  const id = target.generation;
  const progress = deliveries.at(-1)?.progress;
  if (progress === undefined) throw busUnordered(id);
  const all = deliveries.flatMap(({ events }) => events);
  const fresh = all.filter((event) => !coversEvent(expected, event) && !isSkipped(target, event));
  const routes = route(target.projection, fresh, id);
  if (routes.kind === 'failed') return failAt(target, deliveries, expected, routes);
  const { byKey } = routes;
  for (let attempt = 1; ; attempt += 1) {
    const items = await target.store.readMany(id, [...byKey.keys()]);
    const { writes, parked } = convergeAll(target, byKey, items, expected, orderedBounds(fresh));
    const { conflicts } = await target.store.commit(id, { writes, expected, next: progress });
    const counts = {
      events: fresh.length,
      duplicates: all.length - fresh.length,
      documents: writes.length,
    };
    if (conflicts.length === 0) return { progress, last: fresh.at(-1), ...counts, parked };
    if (attempt === attempts) throw itemsContested(id, conflicts);
  }
}

function route(projection: AnyProjection, fresh: readonly DomainEvent[], id: GenerationId): Routes {
  const byKey = new Map<string, DomainEvent[]>();
  let before: DomainEvent | undefined;
  for (const event of fresh) {
    if (before && compareOrderKeys(event, before) < 0) throw outOfOrder(id, event);
    before = event;
    const found = keysOf(projection, event);
    if (found.kind === 'failed') return { ...found, event };
    for (const key of found.keys) {
      const events = byKey.get(key);
      if (events) events.push(event);
      else byKey.set(key, [event]);
    }
  }
  return { kind: 'routed', byKey };
}

/**
 * A rebuild leaves items that are ahead of the progress: events at or below their own order key are duplicates, which
 * the fold drops. What the progress covers and a new event should have come before is no duplicate.
 */
function checkOrder(id: GenerationId, item: Item, first: DomainEvent | undefined, expected: Progress): void {
  const at = placeOf(item.state);
  if (first && at && compareOrderKeys(first, at) < 0 && coversKey(expected, at)) throw outOfOrder(id, first);
}

function convergeAll(
  { projection, generation, store }: Target,
  byKey: ReadonlyMap<string, readonly DomainEvent[]>,
  items: ReadonlyMap<string, Item>,
  expected: Progress,
  bounds: Bounds,
): { readonly writes: readonly ItemWrite[]; readonly parked: readonly NewlyParked[] } {
  const limits = limitsOf(store);
  const writes: ItemWrite[] = [];
  const parked: NewlyParked[] = [];
  for (const [key, events] of byKey) {
    const item = items.get(key);
    if (item) checkOrder(generation, item, events[0], expected);
    const result = converge(projection, key, item, events, bounds, limits);
    if (result.kind === 'unchanged') continue;
    writes.push({ item: result.item, expected: item?.revision, indexEntries: result.indexEntries });
    const stopped = newlyParked(result);
    if (stopped) parked.push(stopped);
  }
  return { writes, parked };
}

/** Applies the deliveries before the event whose keys cannot be told, then throws. */
async function failAt(
  target: Target,
  deliveries: readonly Delivery[],
  expected: Progress,
  { event, failure }: Extract<Routes, { kind: 'failed' }>,
): Promise<never> {
  const before = deliveries.slice(
    0,
    deliveries.findIndex(({ events }) => events.includes(event)),
  );
  if (before.length > 0) await applyBatch(target, before, expected);
  await parkProjection(target, event, failure);
  throw projectionFailed(target.generation, failure);
}
