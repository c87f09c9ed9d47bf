import type { Closeable, JsonValue, OrderedStore } from 'banyan/runtime';
import type { Row } from '../change.ts';

/** The values of a row's key columns, in the order in which the table's schema names them. */
export type RowKey = readonly JsonValue[];

/** Table to the ways of looking up its rows, each a list of columns. */
export type RowIndexes = Readonly<Record<string, readonly (readonly string[])[]>>;

/**
 * Rows by table and key, and by indexes, as of a position of a log: capture's row state, and a translator's look-up
 * state. Reads and changes are synchronous; a read sees every change made so far, the open transaction's included.
 *
 * **The rule.** Nothing is written to the store ahead of its log, whose tail a crash may take: for capture the
 * change log, for a translator its event log. So changes wait, in memory and in scratch, until `settle` says that
 * the log has them durably, and are written some time later, in large pieces.
 *
 * **After opening**, the owner begins and commits again the transactions behind `position`, from its change log, up
 * to that log's (a translator: its event log's) durable end. When `recovering` is a position, a write was cut off,
 * and the rows are a mixture until everything up to that position was applied again: put and remove without
 * reading, which is enough, for the log has whole rows. Reading throws ROWS_RECOVERING before that.
 *
 * **Bounds.** Between changes, await `ready()` whenever `full` is true.
 */
export interface RowStore extends Closeable {
  /** The store has everything up to here; 0 for an empty one. It never is ahead of `settle`. */
  readonly position: number;
  /** The last committed transaction, written or not. */
  readonly committed: number;
  /** The position up to which must be applied again before anything is read; undefined when there is none. */
  readonly recovering: number | undefined;

  /**
   * Begins a transaction's changes.
   * @throws BanyanError ROWS_OUT_OF_ORDER when one is open, or the position is not above `committed`.
   */
  begin(position: number): void;
  /** Sets a row, whatever was there. */
  put(table: string, key: RowKey, row: Row): void;
  /** Removes a row; nothing happens when there is none. */
  remove(table: string, key: RowKey): void;
  /** Removes every row of a table, one at a time: each is yielded once it is removed. To be iterated to the end. */
  drain(table: string): Iterable<Row>;
  commit(): void;
  /** Takes the open transaction's changes back; nothing happens when none is open. */
  abort(): void;

  get(table: string, key: RowKey): Row | undefined;
  /**
   * The rows of a table in key order: by their keys' values one after the other, null before booleans before
   * numbers before texts, texts by code points (a 64-bit integer is a text). Of a key of more than 868 bytes only
   * the beginning counts. Rows may be changed, and `ready` awaited, while iterating.
   */
  rows(table: string): Iterable<Row>;
  /**
   * The rows that have those values in those columns, in key order. A row without one of the columns (its value is
   * unknown) is not found.
   * @throws BanyanError ROWS_NO_INDEX when the store was opened without an index on those columns.
   */
  byIndex(table: string, columns: readonly string[], values: readonly JsonValue[]): Iterable<Row>;

  /** Says that the log has everything up to the position durably: it may be written now. Writing goes on by itself. */
  settle(position: number): void;
  /** True when memory holds more than it should: await `ready` before the next change. */
  readonly full: boolean;
  /**
   * Resolves when there is room: after settled changes were written, or unsettled ones moved to scratch.
   * @throws BanyanError STORE_* when writing failed. The row store is of no use then; open it again.
   */
  ready(): Promise<void>;
  /** Writes every settled transaction, but for those in one layer with an unsettled one. Throws as `ready`. */
  flush(): Promise<void>;
  /** Removes everything, the open transaction included; `position` is 0 then. For a log that has gone back. */
  clear(): Promise<void>;
  /** Writes what is settled, and closes the stores. Throws as `ready`, when nobody was told yet. */
  close(): Promise<void>;
}

/** The key columns of tables, in their order. */
export type RowKeys = Readonly<Record<string, readonly string[]>>;

/** How to open a row store. */
export interface RowStoreOptions {
  /** What the rows are kept in. Closed with the row store. */
  readonly store: OrderedStore;
  /** Where a transaction goes that is larger than memory; emptied at opening. Without it memory is not bounded. */
  readonly scratch?: OrderedStore;
  /** A store that was written with other indexes is emptied at opening, and its position is 0. */
  readonly indexes?: RowIndexes;
  /**
   * The key columns of the tables with indexes. A way that is the first of them needs no index: order lines by their
   * order. The owner clears a store whose rows were kept by other keys.
   */
  readonly keys?: RowKeys;
  readonly limits?: Partial<RowStoreLimits>;
}

/** Bounds of a row store. */
export interface RowStoreLimits {
  /** Bytes of changes that are gathered before they are written. Default 2 MiB. */
  readonly flushBytes: number;
  /** Changes and transactions, of the same rows too, that are gathered: what a start has to apply again. Default 100,000. */
  readonly flushChanges: number;
  /** Bytes of changes in memory above which `full` is true. Default 6 MiB. */
  readonly memoryBytes: number;
  /** Changes in one write of the store. Default 2,000. */
  readonly writeChanges: number;
  /** Bytes in one write of the store. Default 1 MiB. */
  readonly writeBytes: number;
  /** Bytes of rows that were read by their key, kept to be read again. Default 0. */
  readonly cacheBytes: number;
}

/** The bounds unless others are given. */
export const defaultRowStoreLimits: RowStoreLimits = {
  flushBytes: 2 * 2 ** 20,
  flushChanges: 100_000,
  memoryBytes: 6 * 2 ** 20,
  writeChanges: 2_000,
  writeBytes: 2 ** 20,
  cacheBytes: 0,
};
