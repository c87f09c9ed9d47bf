import { eventLogName, type DomainEvent, type EventLogRef, type Progress } from 'banyan/events';
import { converge, type AnyProjection, type Generation, type Item } from 'banyan/projections';
import { seeded } from '../../../kit/seeded.ts';
import { trackedBounds } from '../../../projections/converge/bounds.ts';
import { itemBytes } from './poisoned.ts';
import { timeAt, type World } from './world.ts';

/** So few that some items wait for a catch-up. */
const limits = { windowEvents: 2, windowBytes: 100_000, itemBytes };

/** What is fed, and how. */
export interface UnorderedOptions {
  readonly code: AnyProjection;
  /** 1 is live. */
  readonly number: number;
  readonly logs: readonly EventLogRef[];
  /** Of the tick at their ends, as {@link timeAt} takes it. */
  readonly endTime: number;
  readonly seed: number;
  /** Whether items in doubt or behind are looked after whenever the watermark has moved; else some, and none is caught up. */
  readonly isMended: boolean;
}

/** A generation, as projectors on an unordered bus leave it while its watermark moves. */
export interface UnorderedLive {
  readonly generation: Generation;
  /**
   * Lets events come: all up to the new watermark, and some of those behind it, in any order.
   * @param shares how much of each log the watermark covers then, 0 to 1
   */
  feed(shares: readonly number[]): Promise<void>;
}

/** Begins with nothing. It feeds what the world's logs hold already. */
export async function unorderedLive(world: World, options: UnorderedOptions): Promise<UnorderedLive> {
  const { code, number, logs, seed, isMended } = options;
  const { store } = world;
  const state = { kind: number === 1 ? 'live' : 'ready' } as const;
  const generation = await store.createGeneration({
    ...{ projection: code.name, number, state, bundle: `b${String(number)}`, logs, floor: {} },
    ...{ indexes: [{ name: 'byGroup' }], createdAt: '2026-03-01T00:00:00.000Z' },
  });
  if (number === 1) await store.movePointer('test', 0, { [code.name]: 1 });
  const random = seeded(seed);
  const events = world.events();
  const byKey = eventsByKey(events);
  const apply = async (key: string, coming: readonly DomainEvent[]): Promise<void> => {
    const bounds = trackedBounds(logs, await store.tracking(generation));
    const found: Item | undefined = (await store.readMany(generation, [key])).get(key);
    // At the log's end a catch-up finds all events.
    const all = byKey.get(key) ?? [];
    const isCaughtUp =
      isMended && coming.length === 0 && isWaiting(found) && all.every((event) => bounds.isSettled(event));
    const started = { ...bounds, isCovered: () => false };
    const made = isCaughtUp
      ? converge(code, key, begun(key), all, started, limits)
      : converge(code, key, found, coming, bounds, limits);
    if (made.kind === 'unchanged') return;
    const { indexEntries } = made;
    const revision = Math.max(made.item.revision, (found?.revision ?? 0) + 1);
    const write = { item: { ...made.item, revision }, expected: found?.revision, indexEntries };
    await store.writeMany(generation, [write]);
  };
  return {
    generation,
    feed: async (shares) => {
      const tracking = await store.tracking(generation);
      const places = logs.map((log, at) => {
        const name = eventLogName(log);
        const before = {
          position: tracking.watermark[name]?.position ?? 0,
          logTime: tracking.logTimes[name] ?? timeAt(0),
        };
        const own = events.filter((event) => eventLogName(event) === name);
        const share = shares[at] ?? 0;
        const end = { position: world.writer(log).committed, logTime: timeAt(options.endTime) };
        const last = share === 1 ? end : (own[Math.floor(share * own.length) - 1] ?? before);
        const { position, logTime } = last.position > before.position ? last : before;
        return { name, position, logTime };
      });
      const watermark: Progress = Object.fromEntries(
        places.map(({ name, position }) => [name, { position }] as const),
      );
      const isCovered = (event: DomainEvent): boolean =>
        event.position <= (watermark[eventLogName(event)]?.position ?? 0);
      const coming = new Set(events.filter((event) => isCovered(event) || random() < 0.4));
      for (const [key, all] of byKey) {
        const own = all.filter((event) => coming.has(event));
        const shuffled = own.toSorted(() => random() - 0.5);
        await apply(key, shuffled);
      }
      const logTimes = Object.fromEntries(places.map(({ name, logTime }) => [name, logTime]));
      await store.changeTracking(generation, tracking.revision, { ...tracking, watermark, logTimes });
      for (const key of byKey.keys()) if (isMended || random() < 0.7) await apply(key, []);
    },
  };
}

function eventsByKey(events: readonly DomainEvent[]): ReadonlyMap<string, readonly DomainEvent[]> {
  const byKey = new Map<string, DomainEvent[]>();
  for (const event of events) {
    for (const key of new Set(event.data['keys'] as string[])) {
      byKey.set(key, [...(byKey.get(key) ?? []), event]);
    }
  }
  return byKey;
}

/** A tombstone from before all events, so that something is left where they leave nothing. */
function begun(key: string): Item {
  const at = { logTime: '', source: '', position: 0, translation: '', index: 0 };
  return { key, revision: 1, state: { kind: 'removed', at } };
}

function isWaiting(item: Item | undefined): boolean {
  return item?.state.kind === 'behind' && item.state.cause.kind === 'window';
}
