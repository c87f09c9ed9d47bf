import type { JsonValue } from 'banyan/runtime';

/** A column of a declared table: its TypeScript type, and what an older shape of the table without it stands for. */
export interface Column<Value = unknown> {
  /** The source's type name: `int8`, `timestamptz`, `_text`. */
  readonly type: string;
  readonly isNullable: boolean;
  readonly mayBeUnknown: boolean;
  /** What rows from before the column was added are read as; undefined: reading them throws. */
  readonly defaultValue: JsonValue | undefined;
  /** Null becomes a possible value. */
  nullable(): Column<Value | null>;
  /** The value of rows logged before the column existed. */
  default(value: Value & JsonValue): Column<Value>;
  /** Reading an unknown value gives {@link unknown} and not an error. */
  orUnknown(): Column<Value | Unknown>;
  /** Never there at run time: carries the type. */
  readonly value?: Value;
}

/** The value of a column that could not be known; only where a column was declared `.orUnknown()`. */
export const unknown: unique symbol = Symbol.for('banyan.unknown') as never;
/** The type of {@link unknown}. */
export type Unknown = typeof unknown;

/** One declared table. */
export interface Table<Columns extends Record<string, Column> = Record<string, Column>> {
  /** `schema.table` in the source. */
  readonly name: string;
  /** The columns that identify a row; empty when there are none. */
  readonly key: readonly (keyof Columns & string)[];
  readonly columns: Columns;
}

/** The declared tables of one source, by the short names that translations use. */
export interface Tables<Declared extends Record<string, Table> = Record<string, Table>> {
  readonly source: string;
  readonly tables: Declared;
}

/** The row of a declared table. */
export type RowOf<T extends Table> = { readonly [Name in keyof T['columns']]: ValueOf<T['columns'][Name]> };
type ValueOf<C> = C extends Column<infer Value> ? Value : never;

/** Declares a table; `banyan tables pull` writes these calls. */
export function table<const Columns extends Record<string, Column>>(
  name: string,
  declared: { readonly key: readonly (keyof Columns & string)[]; readonly columns: Columns },
): Table<Columns> {
  return { name, ...declared };
}

/** Declares the tables of a source. */
export function tables<const Declared extends Record<string, Table>>(
  source: string,
  declared: Declared,
): Tables<Declared> {
  return { source, tables: declared };
}
