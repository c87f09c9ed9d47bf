import type { OrderKey, Progress } from 'banyan/events';
import type { Item } from 'banyan/projections';
import { setTimeout as wait } from 'node:timers/promises';
import type { Verifying } from './options.ts';

/**
 * Whether an item that was read once the view had everything up to the position is the document at that very
 * position: nothing later is in it. An item that is parked will not become another one; one that waits for its catch-up
 * will.
 */
export function standsAt(item: Item | undefined, source: string, position: number): boolean {
  if (!item) return true;
  const { state } = item;
  switch (state.kind) {
    case 'settled':
    case 'removed':
      return !isLater(state.at, source, position);
    case 'open':
      return false;
    case 'behind':
      return state.cause.kind === 'parked' && !isLater(state.base.at, source, position);
  }
}

/** Whether a place may lie behind the position, as one of another source may. */
function isLater(at: OrderKey | undefined, source: string, position: number): boolean {
  return at !== undefined && (at.source !== source || at.position > position);
}

/**
 * Items, and what they have for certain, once none of them waits for its catch-up; when the time is up, as they are.
 * What the progress covers is in the items that are read behind it; and what is in them, a later snapshot sees.
 */
export async function itemsNow(
  { store, generation, timeoutMs, signal }: Pick<Verifying, 'store' | 'generation' | 'timeoutMs' | 'signal'>,
  keys: readonly string[],
): Promise<{ readonly progress: Progress; readonly items: ReadonlyMap<string, Item> }> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const progress = await store.progress(generation);
    const items = await store.readMany(generation, keys);
    const isWaiting = items
      .values()
      .some(({ state }) => state.kind === 'behind' && state.cause.kind === 'window');
    if (!isWaiting || performance.now() >= deadline) return { progress, items };
    await wait(100, undefined, { signal });
  }
}
