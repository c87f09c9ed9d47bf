import { createMemoryViewStore } from './memory-view-store.ts';
import { atomicViewStoreContract } from './view-store.contract.ts';

atomicViewStoreContract('memory', async () => {
  const store = createMemoryViewStore();
  return [store, store];
});
