import { createMemoryViewStore } from './memory-view-store.ts';
import { itemBytesContract } from './testing/item-bytes.contract.ts';
import { atomicViewStoreContract } from './view-store.contract.ts';

atomicViewStoreContract('memory', async () => {
  const store = createMemoryViewStore();
  return [store, store];
});

itemBytesContract(async (itemBytes) => createMemoryViewStore({ itemBytes }));
