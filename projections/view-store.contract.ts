import { afterAll, beforeAll, describe } from '@jest/globals';
import { commitContract } from './testing/commit.contract.ts';
import { concurrencyContract } from './testing/concurrency.contract.ts';
import { atomicCreationContract, creationContract } from './testing/creation.contract.ts';
import { indexesContract } from './testing/indexes.contract.ts';
import { itemsContract } from './testing/items.contract.ts';
import { atomicLedgerContract, ledgerContract } from './testing/ledger.contract.ts';
import { modelContract } from './testing/model.contract.ts';
import { registryContract } from './testing/registry.contract.ts';
import { troubledContract } from './testing/troubled.contract.ts';
import type { AtomicViewStore, ViewStore } from './view-store.ts';

/** Opens two stores on the same storage, as two processes would (in memory: the same one twice). */
type OpenTwice<Store> = () => Promise<readonly [Store, Store]>;

/** What every adapter of the view store port must do. */
export function viewStoreContract(name: string, open: OpenTwice<ViewStore>): void {
  describe(`${name} as a view store`, () => {
    const { one, other } = opened(open);
    registryContract(one, other);
    concurrencyContract(one, other);
    creationContract(one, other);
    ledgerContract(one, other);
    contractOfIndexes(one);
  });
}

/** The part of it that reads by an index. */
export function indexReadsContract(name: string, open: OpenTwice<ViewStore>): void {
  describe(`${name} as it is read by an index`, () => contractOfIndexes(opened(open).one));
}

function contractOfIndexes(one: () => ViewStore): void {
  itemsContract(one);
  indexesContract(one);
  troubledContract(one);
  modelContract(one);
}

/** What every adapter that writes documents and progress in one step must do besides. */
export function atomicViewStoreContract(name: string, open: OpenTwice<AtomicViewStore>): void {
  viewStoreContract(name, open);
  describe(`${name} as an atomic view store`, () => {
    const { one, other } = opened(open);
    commitContract(one, other);
    atomicCreationContract(one);
    atomicLedgerContract(one);
  });
}

function opened<Store extends ViewStore>(open: OpenTwice<Store>): { one: () => Store; other: () => Store } {
  let stores: readonly [Store, Store] | undefined;
  const get = (at: 0 | 1) => (): Store => {
    if (!stores) throw new Error('the store is opened before the first test');
    return stores[at];
  };
  beforeAll(async () => {
    stores = await open();
    await Promise.all(stores.map((store) => store.prepare()));
  });
  afterAll(async () => {
    await Promise.all((stores ?? []).map((store) => store.close()));
  });
  return { one: get(0), other: get(1) };
}
