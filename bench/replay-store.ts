import {
  createMemoryViewStore,
  postgresViews,
  type AtomicViewStore,
  type Generation,
} from 'banyan/projections';
import { log } from './replay-log.ts';
import view from './replay-view.ts';

/** A view store of the worker's own memory, which has the generation that the benchmark builds. */
export async function openMemory(): Promise<AtomicViewStore> {
  const store = createMemoryViewStore();
  await store.createGeneration(generation);
  return store;
}

const generation: Generation = {
  ...{ projection: view.name, number: 1, state: { kind: 'building' }, bundle: 'bench', logs: [log] },
  ...{ floor: {}, indexes: [], createdAt: '2026-01-01T00:00:00.000Z' },
};

/** The view store on Postgres. */
export function openPostgres(): AtomicViewStore {
  return postgresViews({ connectionString: process.env['VIEWS_URL'] ?? '', maxConnections: 4 });
}
