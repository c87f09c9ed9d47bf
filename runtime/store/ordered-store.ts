import type { Closeable } from '../lifecycle.ts';

/** 1 to {@link maxStoreKeyBytes} bytes; keys are compared byte by byte. */
export type StoreKey = Uint8Array;

/** The longest key of a store, in bytes. */
export const maxStoreKeyBytes = 2000;

/** One change of an {@link OrderedStore}: a value put, or undefined for a removal. */
export type StoreWrite = readonly [key: StoreKey, value: Uint8Array | undefined];

/**
 * An embedded ordered store of bytes: what row state and look-up state are kept in. Reads are synchronous, for
 * they happen inside a synchronous translation. Adapters: files, memory (with a crash for tests).
 */
export interface OrderedStore extends Closeable {
  get(key: StoreKey): Buffer | undefined;
  /**
   * Entries whose key begins with the prefix, in key order, behind the key `after` when it is given. An entry is
   * read as it is when the iteration reaches it, or shortly before: writing meanwhile is allowed.
   */
  range(prefix: StoreKey, after?: StoreKey): Iterable<readonly [key: Buffer, value: Buffer]>;
  /** Applies all writes or none. Visible when resolved; survives a power failure only in order: a later write never without an earlier one. */
  write(writes: readonly StoreWrite[]): Promise<void>;
  /** Resolves when all earlier writes survive a power failure. */
  flush(): Promise<void>;
  /** Removes everything. */
  clear(): Promise<void>;
}
