import type { Progress } from 'banyan/events';
import { covers, isParked, type Generation, type ParkedKey, type ViewStore } from 'banyan/projections';
import { wantedOf } from '../coverage.ts';
import { parkedPages, type ParkedKeys } from '../parked-keys.ts';

/** Keys that are told. */
const most = 5;

/**
 * The keys that are parked in the next generation and not in the live one. One whose event the live generation has not
 * come to yet may be parked there too, and does not count.
 */
export async function newlyParked(store: ViewStore, live: Generation, next: Generation): Promise<ParkedKeys> {
  const first: ParkedKey[] = [];
  let count = 0;
  for await (const keys of parkedPages(store, next)) {
    if (keys.length === 0) continue;
    // Before the items: what it covers is in them.
    const progress = await store.progress(live);
    const beside = await store.readMany(
      live,
      keys.map(({ key }) => key),
    );
    for (const parked of keys) {
      if (isParked(beside.get(parked.key)) || !hasComeTo(live, progress, next, parked.eventId)) continue;
      count += 1;
      if (first.length < most) first.push(parked);
    }
  }
  return { count, first };
}

function hasComeTo(live: Generation, progress: Progress, next: Generation, eventId: string): boolean {
  const [, log = '', position, index] = /^(.*):(\d+):(\d+)$/.exec(eventId) ?? [];
  const place = { [log]: { position: Number(position), index: Number(index) } };
  return covers(progress, wantedOf(live, { generation: next, progress: place }));
}
