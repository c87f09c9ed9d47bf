import type { ViewStore } from 'banyan/projections';
import { toError } from 'banyan/runtime';

/** What ends a process in the middle. */
export class Killed extends Error {}

/** The calls of a store in which something happens. */
const calls = [
  'createGeneration',
  'generations',
  'changeGeneration',
  'dropGeneration',
  'pointer',
  'movePointer',
  'progress',
  'count',
] as const;

/**
 * The same store, with something around each call.
 * @param before awaited before each call; may throw
 * @param after the same, behind it: what the call did is done
 */
export function around<Store extends ViewStore>(
  store: Store,
  { before, after }: { before?: (call: string) => Promise<void>; after?: (call: string) => Promise<void> },
): Store {
  const wrapped = Object.fromEntries(
    calls.map((name) => {
      const call = store[name].bind(store) as (...given: unknown[]) => Promise<unknown>;
      const run = async (...given: unknown[]): Promise<unknown> => {
        await before?.(name);
        const result = await call(...given);
        await after?.(name);
        return result;
      };
      return [name, run];
    }),
  );
  return { ...store, ...(wrapped as Partial<Store>) };
}

/** Dies behind its nth call, from 1. */
export function killedAfter<Store extends ViewStore>(store: Store, nth: number): Store {
  let done = 0;
  return around(store, {
    after: async () => {
      done += 1;
      if (done >= nth) throw new Killed();
    },
  });
}

/** One of several who work at once: it stops before each call of the store until it is let go on. */
export interface Operator {
  readonly store: ViewStore;
  /** Resolves when it waits before a call, or has ended; rejects when its work failed. */
  settled(): Promise<'waiting' | 'ended'>;
  /** Lets one call happen. */
  step(): void;
}

/** Begins the work of an operator who dies behind the call number `dies`, if there are so many. */
export function createOperator(
  store: ViewStore,
  dies: number,
  work: (store: ViewStore) => Promise<void>,
): Operator {
  let state: 'running' | 'waiting' | 'ended' = 'running';
  // An operator may make several calls at once.
  const waiting: (() => void)[] = [];
  let changed: (() => void) | undefined;
  let failure: unknown;
  const become = (next: typeof state): void => {
    state = next;
    changed?.();
  };
  const gated = around(killedAfter(store, dies), {
    before: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        become('waiting');
      }),
  });
  void work(gated)
    .catch((error: unknown) => (failure = error))
    .then(() => become('ended'));
  return {
    store: gated,
    settled: async () => {
      while (state === 'running') await new Promise<void>((resolve) => (changed = resolve));
      if (failure !== undefined) throw toError(failure);
      return state === 'ended' ? 'ended' : 'waiting';
    },
    step: () => {
      const go = waiting.shift();
      become(waiting.length > 0 ? 'waiting' : 'running');
      go?.();
    },
  };
}
