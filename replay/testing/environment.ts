import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryViewStore, type AtomicViewStore, type Generation } from 'banyan/projections';
import { exampleGeneration } from '../../projections/testing/examples.ts';
import { nextGenerationNumber } from '../promotion/next-number.ts';

/** A group of views in memory, with a directory of its own. */
export interface Environment {
  readonly store: AtomicViewStore;
  readonly directory: string;
  readonly group: string;
  /** Registers one more generation of a projection, as a rebuild leaves it. */
  build(projection: string, given?: Partial<Generation>): Promise<Generation>;
  close(): Promise<void>;
}

/** Each projection begins with a live generation, as `banyan dev` makes it. */
export async function createEnvironment(
  projections: readonly string[],
  given: Partial<Generation> = {},
): Promise<Environment> {
  const store = createMemoryViewStore();
  const directory = await mkdtemp(join(tmpdir(), 'banyan-replay-'));
  const group = 'orders';
  const build: Environment['build'] = async (projection, more) => {
    const number = await nextGenerationNumber(store, group, projection);
    const state = { kind: 'ready' } as const;
    const base = exampleGeneration({
      projection,
      number,
      state,
      bundle: `${projection}-${number}`,
      indexes: [],
    });
    return store.createGeneration({ ...base, ...given, ...more });
  };
  for (const projection of projections) await build(projection, { state: { kind: 'live' } });
  await store.movePointer(group, 0, Object.fromEntries(projections.map((name) => [name, 1])));
  return { store, directory, group, build, close: () => rm(directory, { recursive: true, force: true }) };
}
