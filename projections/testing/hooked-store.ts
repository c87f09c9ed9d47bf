import type { ViewStore } from '../view-store.ts';

/** A call of a store, and whether it was made: a hook before it, and one behind it. */
export type StoreHook = (call: string, isDone: boolean) => Promise<void> | void;

/** The store as one process sees it, which may be held up, or die, at each call. */
export function hookedStore<Store extends ViewStore>(store: Store, hook: StoreHook): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      return async (...given: unknown[]): Promise<unknown> => {
        await hook(name, false);
        const made: unknown = await Reflect.apply(value as (...given: unknown[]) => unknown, target, given);
        await hook(name, true);
        return made;
      };
    },
  });
}
