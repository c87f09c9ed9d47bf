import { eventLogName, type DomainEvent, type EventLogRef, type Progress } from 'banyan/events';
import { converge, type Generation, type Item } from 'banyan/projections';
import { seeded } from '../../../kit/seeded.ts';
import { trackedBounds } from '../../../projections/converge/bounds.ts';
import { faulty, itemBytes } from './poisoned.ts';
import { timeAt, type World } from './world.ts';

/** So few that some items wait for a catch-up. */
const limits = { windowEvents: 2, windowBytes: 100_000, itemBytes };

/** A live generation of `faulty`, as projectors on an unordered bus leave it while its watermark moves. */
export interface UnorderedLive {
  readonly generation: Generation;
  /**
   * Lets events come: all up to the new watermark, and some of those behind it, in any order.
   * @param shares how much of each log the watermark covers then, 0 to 1
   */
  feed(shares: readonly number[]): Promise<void>;
}

/**
 * Begins with nothing, as generation 1; it feeds what the world's logs hold already.
 * @param endTime of the tick at their ends, as {@link timeAt} takes it
 */
export async function unorderedLive(
  world: World,
  logs: readonly EventLogRef[],
  endTime: number,
  seed: number,
): Promise<UnorderedLive> {
  const { store } = world;
  const generation = await store.createGeneration({
    ...{ projection: faulty.name, number: 1, state: { kind: 'live' }, bundle: 'b1', logs, floor: {} },
    ...{ indexes: [{ name: 'byGroup' }], createdAt: '2026-03-01T00:00:00.000Z' },
  });
  await store.movePointer('test', 0, { [faulty.name]: 1 });
  const random = seeded(seed);
  const events = world.events();
  const keys = [...new Set(events.flatMap(({ data }) => data['keys'] as string[]))];
  const apply = async (key: string, coming: readonly DomainEvent[]): Promise<void> => {
    const bounds = trackedBounds(logs, await store.tracking(generation));
    const item: Item | undefined = (await store.readMany(generation, [key])).get(key);
    const made = converge(faulty, key, item, coming, bounds, limits);
    if (made.kind === 'unchanged') return;
    const { indexEntries } = made;
    await store.writeMany(generation, [{ item: made.item, expected: item?.revision, indexEntries }]);
  };
  return {
    generation,
    feed: async (shares) => {
      const tracking = await store.tracking(generation);
      const places = logs.map((log, at) => {
        const name = eventLogName(log);
        const own = events.filter((event) => eventLogName(event) === name);
        const before = {
          position: tracking.watermark[name]?.position ?? 0,
          logTime: tracking.logTimes[name] ?? timeAt(0),
        };
        const share = shares[at] ?? 0;
        const end = { position: world.writer(log).committed, logTime: timeAt(endTime) };
        const last = share === 1 ? end : (own[Math.floor(share * own.length) - 1] ?? before);
        const { position, logTime } = last.position > before.position ? last : before;
        return { name, position, logTime };
      });
      const watermark: Progress = Object.fromEntries(
        places.map(({ name, position }) => [name, { position }] as const),
      );
      const isCovered = (event: DomainEvent): boolean =>
        event.position <= (watermark[eventLogName(event)]?.position ?? 0);
      const coming = events.filter((event) => isCovered(event) || random() < 0.4);
      for (const key of keys) {
        const own = coming.filter(({ data }) => (data['keys'] as string[]).includes(key));
        await apply(
          key,
          own.toSorted(() => random() - 0.5),
        );
      }
      const logTimes = Object.fromEntries(places.map(({ name, logTime }) => [name, logTime]));
      await store.changeTracking(generation, tracking.revision, { ...tracking, watermark, logTimes });
      // The tracker looks after items in doubt, now or later.
      for (const key of keys) if (random() < 0.7) await apply(key, []);
    },
  };
}
