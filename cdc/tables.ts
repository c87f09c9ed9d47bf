import type { Column } from './columns.ts';

export { unknown, type Column, type Unknown } from './columns.ts';

/** One declared table. */
export interface Table<Columns extends Record<string, Column> = Record<string, Column>> {
  /** `schema.table` in the source. */
  readonly name: string;
  /** The columns that identify a row; empty when there are none. (`table` checks that they are columns.) */
  readonly key: readonly string[];
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
