import type { Row, Table } from 'banyan/cdc';
import { BanyanError } from 'banyan/runtime';
import { declaredRow, type LoggedRow } from './declared-row.ts';

/** Rows as of a position, by table name in the source and by column values. */
export interface LookupState {
  /** The row with those values in the key columns. */
  row(table: string, key: Row): LoggedRow | undefined;
  /** The rows with those values in the columns of a way that was declared, in key order. */
  rows(table: string, way: readonly string[], where: Row): Iterable<LoggedRow>;
}

/** What a translation may look up, and where. */
export interface Lookup {
  readonly translation: string;
  /** Table short name to the ways of looking up. */
  readonly ways: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly state: LookupState;
}

/** `tx.row`: by the key, given as the value of the only key column or as the key columns by name. */
export function lookUpRow(
  lookup: Lookup,
  short: string,
  table: Table,
  key: string | number | Row,
): Row | undefined {
  waysOf(lookup, short);
  const values = typeof key === 'object' ? key : { [table.key[0] ?? '']: key };
  if (!sameColumns(Object.keys(values), table.key)) throw wrongKey(lookup, short, table, Object.keys(values));
  const found = lookup.state.row(table.name, values);
  return found && declaredRow(table, found);
}

/** `tx.rows`: by the key's columns or those of a declared way. */
export function* lookUpRows(lookup: Lookup, short: string, table: Table, where: Row): Generator<Row, void> {
  const columns = Object.keys(where);
  if (table.key.length > 0 && sameColumns(columns, table.key)) {
    const found = lookUpRow(lookup, short, table, where);
    if (found) yield found;
    return;
  }
  const way = waysOf(lookup, short).find((declared) => sameColumns(columns, declared));
  if (!way) throw undeclaredWay(lookup, short, columns);
  for (const found of lookup.state.rows(table.name, way, where)) yield declaredRow(table, found);
}

function waysOf({ translation, ways }: Lookup, short: string): readonly (readonly string[])[] {
  const declared = Object.hasOwn(ways, short) ? ways[short] : undefined;
  if (declared) return declared;
  throw new BanyanError(
    'LOOKUP_NOT_DECLARED',
    `Translation ${translation} looks rows of "${short}" up, which its lookups do not list. ` +
      `Add \`${short}: '<column>'\` to its lookups; since that changes what it keeps, give it a new version.`,
    { details: { translation, table: short } },
  );
}

/** Whether two lists name the same columns, in whatever order. */
export function sameColumns(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((column) => other.includes(column));
}

function wrongKey(lookup: Lookup, short: string, table: Table, given: readonly string[]): BanyanError {
  return new BanyanError(
    'LOOKUP_KEY_INVALID',
    `Translation ${lookup.translation} looks a row of "${short}" up by (${given.join(', ')}); its key is ` +
      `(${table.key.join(', ')}). Give all key columns by name, or use tx.rows for other columns.`,
    { details: { translation: lookup.translation, table: short, given, key: table.key } },
  );
}

function undeclaredWay(lookup: Lookup, short: string, columns: readonly string[]): BanyanError {
  return new BanyanError(
    'LOOKUP_NOT_DECLARED',
    `Translation ${lookup.translation} looks rows of "${short}" up by (${columns.join(', ')}), which its lookups do ` +
      `not list. Add the columns to the lookups of "${short}"; since that changes what it keeps, give it a new version.`,
    { details: { translation: lookup.translation, table: short, columns } },
  );
}
