import type { Closeable, Logger } from 'banyan/runtime';
import type { Cursor, Row, TableSchema } from './change.ts';

/**
 * A change as the source tells it: not yet whole. Row state completes it. Columns whose value the source did not
 * send (unchanged TOAST) are listed, not guessed.
 */
export type SourceChange =
  | { readonly op: 'existing' | 'insert'; readonly table: TableShape; readonly after: Row }
  | {
      readonly op: 'update';
      readonly table: TableShape;
      /** The old row's key columns when the key changed, the whole old row under replica identity FULL, else undefined. */
      readonly old?: Row;
      readonly after: Row;
      /** Columns of `after` that were not sent because they did not change. */
      readonly unchanged?: readonly string[];
    }
  | { readonly op: 'delete'; readonly table: TableShape; readonly old: Row }
  | { readonly op: 'truncate'; readonly table: TableShape };

/** A table's shape as the source knows it now; capture numbers its versions. */
export type TableShape = Omit<TableSchema, 'version'>;

/** What a source yields, in commit order. */
export type SourceMessage =
  | { readonly kind: 'begin'; readonly xid: string; readonly committedAt: string }
  | { readonly kind: 'change'; readonly change: SourceChange }
  /** Ends the transaction begun; its cursor is behind every earlier one. */
  | { readonly kind: 'commit'; readonly cursor: Cursor }
  /** Nothing of interest happened up to `cursor`; `at` is the source's clock, ISO 8601 with microseconds. */
  | { readonly kind: 'idle'; readonly cursor: Cursor; readonly at: string };

/** An open stream of a source. */
export interface SourceStream extends Closeable {
  /**
   * Batches of messages as they arrive; a transaction may span batches. Ends only by `close` or an error.
   * Not reading holds the source back (back-pressure), within a bounded buffer.
   * The first stream of a new source yields the snapshot as one transaction (xid `snapshot`) of `existing` changes.
   */
  readonly messages: AsyncIterable<readonly SourceMessage[]>;
  /** Says that everything up to the cursor is durable in the change log, so the source may forget it. */
  acknowledge(cursor: Cursor): void;
}

/** Where a capture stands when it opens its source. */
export interface OpenOptions {
  /** The cursor of the newest entry in the change log, or undefined when the log is empty. */
  readonly after: Cursor | undefined;
  readonly signal: AbortSignal;
  /** Called as the snapshot goes on. */
  readonly onSnapshotProgress?: (progress: SnapshotProgress) => void;
}

/** How far a snapshot is. */
export interface SnapshotProgress {
  readonly table: string;
  readonly rows: number;
  /** The planner's estimate for all tables together, or undefined. */
  readonly estimatedRows: number | undefined;
}

/** How far the source is ahead of what was acknowledged. */
export interface SourceLag {
  /** Bytes of history that the source keeps for us. */
  readonly retainedBytes: number;
  /** Where the source's history ends now. */
  readonly end: Cursor;
}

/** A row of a query, under its key. */
export interface KeyedRow {
  readonly key: string;
  /** The other columns by name, each in the one JSON form of its type (`values.ts`). */
  readonly row: Row;
}

/** What to read of the database at one place of its history. */
export interface SnapshotQuery {
  /** A SELECT with a column `key`. */
  readonly sql: string;
  /** Only the rows of these keys; absent: all. */
  readonly keys?: readonly string[];
}

/** The legacy database as it was at exactly one place of its history, to be read and never changed. */
export interface SourceSnapshot extends Closeable {
  /** It holds what every transaction up to this cursor left, and nothing of any later one. */
  readonly cursor: Cursor;
  /**
   * The rows of a query in portions, ordered by key (code unit order); one query at a time.
   * @throws BanyanError SOURCE_QUERY_INVALID, SOURCE_NO_PERMISSION, SOURCE_LOCKED when a table was rewritten meanwhile
   */
  rows(query: SnapshotQuery): AsyncIterable<readonly KeyedRow[]>;
}

/** One captured legacy database, as a port. Adapters: Postgres logical replication; Debezium over Kafka. */
export interface Source {
  /** The source's name in the configuration: `shop`. */
  readonly name: string;
  /**
   * Checks the source and opens its stream behind `after`.
   * @throws BanyanError SOURCE_* with what to do; SOURCE_HISTORY_BROKEN when the source cannot continue from `after`.
   */
  open(options: OpenOptions): Promise<SourceStream>;
  lag(): Promise<SourceLag>;
  /**
   * Opens the database as it is now, at an exact place; absent when the adapter cannot. Needs nothing that capture
   * made, and leaves nothing behind.
   * @throws BanyanError SOURCE_*
   */
  snapshot?(signal: AbortSignal): Promise<SourceSnapshot>;
}

/** Declared in a configuration, opened by whoever runs it. */
export interface SourceDefinition {
  readonly kind: string;
  /** Makes the source under the name that the configuration gives it. */
  create(name: string, context?: SourceContext): Source;
}

/** What whoever runs a source gives it. */
export interface SourceContext {
  readonly logger: Logger;
}
