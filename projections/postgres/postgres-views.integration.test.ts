import { testDatabase } from '../../kit/test-database.ts';
import { atomicViewStoreContract } from '../view-store.contract.ts';
import { postgresViews } from './postgres-views.ts';

atomicViewStoreContract('Postgres', async () => {
  const connectionString = await testDatabase('views');
  return [postgresViews({ connectionString }), postgresViews({ connectionString, maxConnections: 3 })];
});
