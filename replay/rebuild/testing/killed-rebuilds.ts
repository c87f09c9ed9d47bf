import { isParked, type GenerationId, type Item, type ViewStore } from 'banyan/projections';
import fc from 'fast-check';
import { allPages } from '../../../projections/testing/examples.ts';
import { rebuild, type Rebuilt, type RebuildOptions } from '../rebuild.ts';

/** How a rebuild is run. */
export const settings = fc.record({
  partitions: fc.constantFrom(1, 2, 3),
  memoryBytes: fc.constantFrom(1, 4000, 20_000, 2 ** 24),
  batchBytes: fc.constantFrom(1, 500, 100_000),
  /** The store fails at that call, and so on. */
  failures: fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 4 }),
});

/** Such settings. */
export type Given = typeof settings extends fc.Arbitrary<infer T> ? T : never;

/** A store whose call of that number fails, before or after it did its work. */
function failing(store: ViewStore, at: number): ViewStore {
  let calls = 0;
  const guard =
    <Args extends unknown[], Result>(method: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      calls += 1;
      const fails = calls === at;
      if (fails && at % 2 === 0) throw new Error('killed before');
      const result = await method(...args);
      if (fails) throw new Error('killed after');
      return result;
    };
  return {
    ...store,
    readMany: guard((...args) => store.readMany(...args)),
    writeMany: guard((...args) => store.writeMany(...args)),
    changeTracking: guard((...args) => store.changeTracking(...args)),
    createGeneration: guard((...args) => store.createGeneration(...args)),
    changeGeneration: guard((...args) => store.changeGeneration(...args)),
  };
}

/**
 * Rebuilds, failing again and again, until it is through.
 * @param between done behind each failure
 */
export async function rebuiltAtLast(
  options: RebuildOptions,
  failures: readonly number[],
  between: () => Promise<void> = async () => undefined,
): Promise<Rebuilt> {
  for (const at of failures) {
    try {
      return await rebuild({ ...options, store: failing(options.store, at) });
    } catch (error) {
      if (!/^killed/.test((error as Error).message)) throw error;
      await between();
    }
  }
  return rebuild(options);
}

/** Every item that has a document or is parked. */
export async function itemsOf(id: GenerationId, store: ViewStore): Promise<readonly Item[]> {
  const items = await allPages((after) =>
    store.scan(id, { limit: 1000, ...(after !== undefined && { after }) }),
  );
  return items.filter((item) => item.document !== undefined || isParked(item));
}
