import { postgresViews, type AtomicViewStore } from 'banyan/projections';

/** The store of the tests' processes and their workers, as a config's module would give it. */
export function openViews(): AtomicViewStore {
  return postgresViews({ connectionString: process.env['BANYAN_TEST_VIEWS'] ?? '', maxConnections: 4 });
}
