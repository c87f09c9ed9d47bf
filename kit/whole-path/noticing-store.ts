import type { OrderedStore } from 'banyan/runtime';

/**
 * A store of rows that tells when rows are cleared away at opening, as they are when they are ahead of their log.
 * What is written only once its log is durable never is.
 */
export function noticingStore(store: OrderedStore, cleared: () => void): OrderedStore {
  return {
    ...store,
    clear: () => {
      if (store.get(stateKey)) cleared();
      return store.clear();
    },
  };
}

/** Where the row store keeps its position (`cdc/rows/stored-layer.ts`): absent as long as it has no rows. */
const stateKey = Buffer.from('\x01state');
