import { eventLogName, readEvents, type DomainEvent, type MergedLog } from 'banyan/events';
import { catchUp, type CatchUpOptions, type CaughtUp } from './catch-up/catch-up.ts';
import type { Tracking } from './tracker/ledger.ts';
import { keyNotParked, projectionNotParked } from './unordered-errors.ts';
import type { BehindCause, GenerationId, Item, ItemState, Stuck, ViewStore } from './view-store.ts';

/** An item that waits at an event that cannot be applied. */
export type ParkedItem = Item & {
  readonly state: Extract<ItemState, { kind: 'behind' }> & {
    readonly cause: Extract<BehindCause, { kind: 'parked' }>;
  };
};

/** A key that waits, and at what. */
export interface ParkedKey extends Stuck {
  readonly key: string;
}

/** Whether the item is parked. */
export function isParked(item: Item | undefined): item is ParkedItem {
  return item?.state.kind === 'behind' && item.state.cause.kind === 'parked';
}

/** Where a parked item waits, and at what. */
export function parkedKeyOf({ key, state: { cause } }: ParkedItem): ParkedKey {
  const { eventId, code, message } = cause;
  return { key, eventId, code, message };
}

/** A page of the parked keys, in key order. @param page `limit` 1 to 1000 */
export async function listParked(
  store: ViewStore,
  id: GenerationId,
  page: { readonly after?: string; readonly limit: number },
): Promise<{ readonly keys: readonly ParkedKey[]; readonly next?: string }> {
  const { items, next } = await store.troubled(id, 'parked', page);
  return { keys: items.filter(isParked).map(parkedKeyOf), ...(next !== undefined && { next }) };
}

/** A parked item and the event that it waits at. */
export interface ShownParked {
  readonly item: ParkedItem;
  /** As the event log has it; undefined when it is in none of the logs. */
  readonly event: DomainEvent | undefined;
}

/** @throws BanyanError KEY_NOT_PARKED; errors of the store and of the logs */
export async function showParked(
  options: Pick<CatchUpOptions, 'store' | 'generation' | 'logs'>,
  key: string,
): Promise<ShownParked> {
  const item = await parkedItem(options, key);
  return { item, event: await findEvent(options.logs, item.state.cause.eventId) };
}

/** An event of the logs by its id; undefined: there is none. */
export async function findEvent(
  logs: readonly MergedLog[],
  eventId: string,
): Promise<DomainEvent | undefined> {
  for (const { log, reader } of logs) {
    const place = placeWithin(eventLogName(log), eventId);
    if (!place) continue;
    const { position, index } = place;
    const at = {
      after: index > 0 ? { position, index: index - 1 } : { position: position - 1 },
      to: position,
    };
    for await (const { events } of readEvents(reader, log, at)) {
      const event = events.find(({ id }) => id === eventId);
      if (event) return event;
    }
  }
  return undefined;
}

/**
 * Tries again what parked the keys, with the same code: for causes that lie outside of it. Those that are not parked
 * are left alone.
 */
export async function retryParked(options: CatchUpOptions): Promise<CaughtUp> {
  const items = await options.store.readMany(options.generation, options.keys);
  return catchUp({ ...options, keys: options.keys.filter((key) => isParked(items.get(key))) });
}

/**
 * Lets a key go on without the event, by its id, that it was seen to wait at. Another may park it next; and where it is
 * another by now, the key stays parked at that one.
 * @throws BanyanError KEY_NOT_PARKED
 */
export async function skipParked(
  options: Omit<CatchUpOptions, 'keys' | 'skip'>,
  key: string,
  eventId: string,
): Promise<CaughtUp> {
  await parkedItem(options, key);
  return catchUp({ ...options, keys: [key], skip: new Set([eventId]) });
}

/**
 * Lets a projection go on that is parked as a whole: its projectors are started again by whoever runs them, and meet
 * the event again.
 * @returns what it was parked at
 * @throws BanyanError PROJECTION_NOT_PARKED
 */
export function retryProjection(store: ViewStore, id: GenerationId): Promise<Stuck> {
  return unpark(store, id, undefined, (tracking) => tracking);
}

/**
 * Lets a projection go on without the event, by its id, whose key cannot be told.
 * @returns what it was parked at
 * @throws BanyanError PROJECTION_NOT_PARKED, also when it is parked at another event by now
 */
export function skipStuck(
  store: ViewStore,
  id: GenerationId,
  logs: readonly Pick<MergedLog, 'log'>[],
  eventId: string,
): Promise<Stuck> {
  return unpark(store, id, eventId, (tracking) => {
    const skipped = { ...tracking.skipped };
    for (const { log } of logs) {
      const name = eventLogName(log);
      const place = placeWithin(name, eventId);
      if (place) skipped[name] = [...(skipped[name] ?? []), place];
    }
    return { ...tracking, skipped };
  });
}

type Tracked = Omit<Tracking, 'revision'>;

async function unpark(
  store: ViewStore,
  id: GenerationId,
  eventId: string | undefined,
  changed: (tracking: Tracked) => Tracked,
): Promise<Stuck> {
  for (;;) {
    const { revision, parked, ...tracking } = await store.tracking(id);
    if (!parked || (eventId ?? parked.eventId) !== parked.eventId) throw projectionNotParked(id);
    if (await store.changeTracking(id, revision, changed(tracking))) return parked;
  }
}

async function parkedItem(
  { store, generation }: Pick<CatchUpOptions, 'store' | 'generation'>,
  key: string,
): Promise<ParkedItem> {
  const item = (await store.readMany(generation, [key])).get(key);
  if (!isParked(item)) throw keyNotParked(generation, key, item?.state.kind ?? 'not there');
  return item;
}

/** The place of an event by its id, when it is one of the log: `source:translation@version:position:index`. */
function placeWithin(
  log: string,
  eventId: string,
): { readonly position: number; readonly index: number } | undefined {
  if (!eventId.startsWith(`${log}:`)) return undefined;
  const [position, index, ...more] = eventId
    .slice(log.length + 1)
    .split(':')
    .map(Number);
  if (position === undefined || index === undefined || more.length > 0) return undefined;
  return Number.isInteger(position) && Number.isInteger(index) ? { position, index } : undefined;
}
