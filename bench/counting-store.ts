import type { AtomicViewStore, ItemWrite } from 'banyan/projections';
import { itemSize } from '../projections/item-size.ts';

/** What a store was asked for. */
export interface StoreCounts {
  /** Calls of any method. */
  calls: number;
  /** Items written. */
  items: number;
  /** Their documents, bases and windows as they are stored, bytes. */
  bytes: number;
}

/** The store, counting what it is asked for: for a run that is not timed. */
export function countingStore(store: AtomicViewStore): { store: AtomicViewStore; counts: StoreCounts } {
  const counts: StoreCounts = { calls: 0, items: 0, bytes: 0 };
  const counting = new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        counts.calls += 1;
        if (name === 'writeMany') {
          for (const { item } of given[1] as readonly ItemWrite[]) {
            counts.items += 1;
            counts.bytes += itemSize(item);
          }
        }
        return Reflect.apply(value as (...given: unknown[]) => unknown, target, given);
      };
    },
  });
  return { store: counting, counts };
}
