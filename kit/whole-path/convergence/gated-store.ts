import type { AtomicViewStore } from 'banyan/projections';
import type { Gate } from './fibers.ts';

/**
 * The store as one process sees it, with a gate before each call and one behind it: whoever is killed behind a write
 * has written, and does not know.
 */
export function gatedStore(store: AtomicViewStore, gate: Gate): AtomicViewStore {
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...given: unknown[]): Promise<unknown> => {
        await gate();
        const made: unknown = await Reflect.apply(value as (...given: unknown[]) => unknown, target, given);
        await gate();
        return made;
      };
    },
  });
}
