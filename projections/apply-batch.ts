import { compareOrderKeys, type Delivery, type DomainEvent, type Progress } from 'banyan/events';
import { foldInOrder } from './fold.ts';
import { keysOf } from './keys.ts';
import { coversEvent, coversKey } from './progress.ts';
import type { AnyProjection } from './projection.ts';
import {
  busUnordered,
  itemsContested,
  itemUnsettled,
  outOfOrder,
  projectionFailed,
} from './projector-errors.ts';
import type { FoldFailure } from './failure.ts';
import type { AtomicViewStore, Generation, GenerationId, Item, ItemWrite } from './view-store.ts';

/** What is projected, and into what. */
export interface Target {
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
}

/** An event that cannot be folded. */
interface Failed {
  readonly failure: FoldFailure;
  readonly key?: string;
}

/** Events by the key that they concern, in order. */
interface Routes {
  readonly byKey: ReadonlyMap<string, readonly DomainEvent[]>;
  readonly fresh: readonly DomainEvent[];
  readonly failed: readonly Failed[];
}

/** How often a batch is folded again when somebody else changed its items meanwhile. */
const attempts = 5;

/**
 * Folds deliveries and writes documents and progress in one commit: one read and one write, however many events.
 * Deliveries before one that fails are still applied.
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
  const { byKey, fresh, failed } = route(
    target.projection,
    all.filter((event) => !coversEvent(expected, event)),
    id,
  );
  for (let attempt = 1; ; attempt += 1) {
    const items = await target.store.readMany(id, [...byKey.keys()]);
    const folded = foldAll(target, byKey, items, expected);
    const failures = [...failed, ...folded.failed];
    if (failures.length > 0) return failAt(target, deliveries, expected, failures);
    const { conflicts } = await target.store.commit(id, { writes: folded.writes, expected, next: progress });
    const counts = {
      events: fresh.length,
      duplicates: all.length - fresh.length,
      documents: folded.writes.length,
    };
    if (conflicts.length === 0) return { progress, last: fresh.at(-1), ...counts };
    if (attempt === attempts) throw itemsContested(id, conflicts);
  }
}

function route(projection: AnyProjection, fresh: readonly DomainEvent[], id: GenerationId): Routes {
  const byKey = new Map<string, DomainEvent[]>();
  const failed: Failed[] = [];
  let before: DomainEvent | undefined;
  for (const event of fresh) {
    if (before && compareOrderKeys(event, before) < 0) throw outOfOrder(id, event);
    before = event;
    const found = keysOf(projection, event);
    if (found.kind === 'failed') {
      failed.push(found);
      continue;
    }
    for (const key of found.keys) {
      const events = byKey.get(key);
      if (events) events.push(event);
      else byKey.set(key, [event]);
    }
  }
  return { byKey, fresh, failed };
}

function foldAll(
  { projection, generation }: Target,
  byKey: Routes['byKey'],
  items: ReadonlyMap<string, Item>,
  expected: Progress,
): { readonly writes: readonly ItemWrite[]; readonly failed: readonly Failed[] } {
  const writes: ItemWrite[] = [];
  const failed: Failed[] = [];
  for (const [key, events] of byKey) {
    const item = settled(generation, items.get(key), events, expected);
    const result = foldInOrder(projection, key, item, events);
    if (result.kind === 'failed') failed.push({ failure: result.failure, key });
    else if (result.kind === 'changed') {
      writes.push({ item: result.item, expected: item?.revision, indexEntries: result.indexEntries });
    }
  }
  return { writes, failed };
}

/** The item as an ordered projector may go on with it. */
function settled(
  id: GenerationId,
  item: Item | undefined,
  [first]: readonly DomainEvent[],
  expected: Progress,
): Parameters<typeof foldInOrder>[2] {
  if (item === undefined) return undefined;
  const { state } = item;
  switch (state.kind) {
    case 'settled':
    case 'removed':
      // A rebuild leaves items that are ahead of the progress: events at or below their own order key are duplicates,
      // which the fold drops. What the progress covers and a new event should have come before is no duplicate.
      if (first && compareOrderKeys(first, state.at) < 0 && coversKey(expected, state.at))
        throw outOfOrder(id, first);
      return { ...item, state };
    case 'open':
    case 'behind':
      throw itemUnsettled(id, item);
  }
}

/** Applies what came before the first event that fails, then throws. */
async function failAt(
  target: Target,
  deliveries: readonly Delivery[],
  expected: Progress,
  failures: readonly Failed[],
): Promise<never> {
  // Of the keys of one event the first is named.
  const byEvent = new Map([...failures].reverse().map((one) => [one.failure.eventId, one]));
  const first = deliveries.findIndex(({ events }) => events.some(({ id }) => byEvent.has(id)));
  const event = deliveries[first]?.events.find(({ id }) => byEvent.has(id));
  const found = (event && byEvent.get(event.id)) ?? failures[0];
  if (first > 0) await applyBatch(target, deliveries.slice(0, first), expected);
  if (!found) throw new TypeError('a failure without an event');
  throw projectionFailed(target.generation, found.failure, found.key);
}
