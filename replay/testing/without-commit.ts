import type { AtomicViewStore, ViewStore } from 'banyan/projections';

/** The same store as one that cannot write documents and cursors in one transaction. */
export function withoutCommit(store: AtomicViewStore): ViewStore {
  return { ...store, commit: undefined } as ViewStore;
}
