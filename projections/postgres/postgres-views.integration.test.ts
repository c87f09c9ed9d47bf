import { testDatabase } from '../../kit/test-database.ts';
import { itemBytesContract } from '../testing/item-bytes.contract.ts';
import { atomicViewStoreContract } from '../view-store.contract.ts';
import { postgresViews } from './postgres-views.ts';

atomicViewStoreContract('Postgres', async () => {
  const connectionString = await testDatabase('views');
  return [postgresViews({ connectionString }), postgresViews({ connectionString, maxConnections: 3 })];
});

itemBytesContract(async (itemBytes) => {
  const store = postgresViews({ connectionString: await testDatabase('sizes'), itemBytes });
  await store.prepare();
  return store;
});
