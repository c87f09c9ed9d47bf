import type { JsonObject, JsonValue } from 'banyan/runtime';

/** A row's columns by name, each in the one JSON form of its type (`values.ts`). */
export type Row = JsonObject;

/** The place in a source's own history, comparable within a source. */
export interface Cursor {
  /** The system identifier of the database cluster: another one is another history. */
  readonly system: string;
  /** The timeline; it changes at a failover or a point-in-time recovery. */
  readonly timeline: number;
  /** The WAL position just behind the transaction, as Postgres prints it: `16/B374D848`. */
  readonly lsn: string;
}

/** A column as the source describes it. */
export interface ColumnSchema {
  readonly name: string;
  /** The type as the source names it, without modifier: `int8`, `numeric`, `_text` for an array of text. */
  readonly type: string;
}

/** One version of a table's shape. Versions count from 1 within a table. */
export interface TableSchema {
  /** `schema.table`, unquoted, as in `public.orders`. */
  readonly table: string;
  readonly version: number;
  readonly columns: readonly ColumnSchema[];
  /** The columns that identify a row; empty for a table without a replica identity. */
  readonly key: readonly string[];
}

/** What all kinds of change have. */
interface ChangeOf<Operation extends string> {
  readonly op: Operation;
  /** `schema.table`. */
  readonly table: string;
  /** The version of the table's schema. */
  readonly schema: number;
}

/** Columns of a row whose value could not be known. They are absent from the row: unknown is never null. */
interface UnknownColumns {
  readonly unknownBefore?: readonly string[];
  readonly unknownAfter?: readonly string[];
}

/** One row inserted, updated, deleted, or found existing by the snapshot; rows are whole, before and after. */
export type Change =
  | (ChangeOf<'existing'> & { readonly after: Row })
  | (ChangeOf<'insert'> & { readonly after: Row } & Pick<UnknownColumns, 'unknownAfter'>)
  | (ChangeOf<'update'> & { readonly before: Row; readonly after: Row } & UnknownColumns)
  | (ChangeOf<'delete'> & {
      readonly before: Row;
      /** True when the row went with a TRUNCATE. */
      readonly truncated?: true;
    } & Pick<UnknownColumns, 'unknownBefore'>);

/** What every line of a change log says about its transaction. */
export interface TransactionHeader {
  readonly kind: 'transaction';
  /** The source's own number of the transaction; `snapshot` for the snapshot. */
  readonly xid: string;
  /** ISO 8601 in UTC with microseconds, as the source recorded the commit. */
  readonly committedAt: string;
  /** `committedAt`, made non-decreasing within the source. Same form, so that text order is time order. */
  readonly logTime: string;
  /** Behind the transaction, on its last line; on earlier parts, written before its end was known, that of the entry before. */
  readonly cursor: Cursor;
}

/** One line of a transaction: all of it, or one part. */
export interface TransactionLine extends TransactionHeader {
  /** Table shapes that a change of this transaction needs and no earlier line has told. */
  readonly schemas?: readonly TableSchema[];
  readonly changes: readonly Change[];
}

/** Time passed and the source moved on without a captured transaction. No later log time is below this one. */
export interface TickLine {
  readonly kind: 'tick';
  readonly logTime: string;
  readonly cursor: Cursor;
}

/** History is broken here: what the source did between the two cursors is not known. Written by a repair only. */
export interface GapLine {
  readonly kind: 'gap';
  readonly logTime: string;
  readonly cursor: Cursor;
  readonly why: string;
  readonly before: JsonValue;
}

/** The payload of a change log's line; its position, dense from 1, is in the line's frame. */
export type ChangeLogLine = TransactionLine | TickLine | GapLine;
