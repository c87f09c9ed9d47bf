import type { Change, Row, RowOf, Table, Tables } from 'banyan/cdc';
import type { LookupState } from 'banyan/events';

type Nullable<T> = { [K in keyof T]: null extends T[K] ? K : never }[keyof T];

/** A row of a test: columns that may be null need not be given, and are null then. */
export type GivenRow<T extends Table> = Omit<RowOf<T>, Nullable<RowOf<T>>> &
  Partial<Pick<RowOf<T>, Nullable<RowOf<T>>>>;

/** Rows by the short names of their tables. */
export type GivenRows<T extends Tables> = {
  readonly [Name in keyof T['tables']]?: readonly GivenRow<T['tables'][Name]>[];
};

/** The row as the change log has it. */
export function wholeRow(table: Table, given: object): Row {
  const absent = Object.entries(table.columns).flatMap(([name, { isNullable }]) =>
    isNullable ? [[name, null] as const] : [],
  );
  return { ...Object.fromEntries(absent), ...given };
}

/** The tables as the transactions so far left them: what look-ups see. */
export class TestRows implements LookupState {
  readonly #tables = new Map<string, { readonly table: Table; readonly rows: Map<string, Row> }>();

  constructor(declared: Tables) {
    for (const table of Object.values(declared.tables))
      this.#tables.set(table.name, { table, rows: new Map() });
  }

  apply(change: Change): void {
    const known = this.#tables.get(change.table);
    if (!known) return;
    if ('before' in change) known.rows.delete(keyIn(known.table, change.before));
    if ('after' in change) known.rows.set(keyIn(known.table, change.after), change.after);
  }

  row(name: string, key: Row): ReturnType<LookupState['row']> {
    const known = this.#tables.get(name);
    const row = known?.rows.get(keyIn(known.table, key));
    return row && { row };
  }

  *rows(name: string, way: readonly string[], where: Row): ReturnType<LookupState['rows']> {
    const all = [...(this.#tables.get(name)?.rows ?? [])];
    const found = all.filter(([, row]) => way.every((column) => row[column] === where[column]));
    for (const [, row] of found.sort(([one], [other]) => (one < other ? -1 : 1))) yield { row };
  }
}

function keyIn({ key, columns }: Table, row: Row): string {
  const identity = key.length > 0 ? key : Object.keys(columns);
  return JSON.stringify(identity.map((column) => row[column]));
}
