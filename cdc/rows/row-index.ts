import { BanyanError, canonicalJson, type JsonValue } from 'banyan/runtime';
import type { Row } from '../change.ts';
import { encodeValues, indexEntryKey, indexPrefix, type StoredKey } from './key-encoding.ts';
import type { RowIndexes, RowKeys } from './row-store.ts';

/** One index of a table: the columns in the order of their names, since a question may name them in any order. */
export interface RowIndex {
  readonly columns: readonly string[];
  readonly prefix: StoredKey;
}

/** The indexes of a row store by table. */
export type IndexTable = ReadonlyMap<string, readonly RowIndex[]>;

/**
 * Prepares declared indexes; two on the same columns are one, and the first columns of a key need none: the rows
 * themselves are in that order.
 */
export function indexTable(declared: RowIndexes, keys: RowKeys = {}): IndexTable {
  return new Map(
    Object.entries(declared)
      .map(([table, ways]) => [table, ways.filter((way) => !isLeading(way, keys[table]))] as const)
      .filter(([, ways]) => ways.length > 0)
      .map(([table, ways]) => {
        const unique = new Map(ways.map((way) => [...way].sort()).map((way) => [canonicalJson(way), way]));
        return [
          table,
          [...unique.values()].map((columns) => ({ columns, prefix: indexPrefix(table, columns) })),
        ];
      }),
  );
}

/** A text that is equal for equal indexes: the store of other ones cannot be used. */
export function indexFormat(indexes: IndexTable): string {
  const columns: Record<string, string[]> = {};
  for (const [table, ways] of indexes) columns[table] = ways.map((way) => canonicalJson(way.columns)).sort();
  return canonicalJson({ format: 1, indexes: columns });
}

/** The values in the key's order, when the columns are the first of the key. */
export function leadingValues(
  key: readonly string[] | undefined,
  columns: readonly string[],
  values: readonly JsonValue[],
): readonly JsonValue[] | undefined {
  if (key === undefined || !isLeading(columns, key)) return undefined;
  return key.slice(0, columns.length).map((column) => values[columns.indexOf(column)] ?? null);
}

function isLeading(columns: readonly string[], key: readonly string[] | undefined): boolean {
  return key !== undefined && key.slice(0, columns.length).every((column) => columns.includes(column));
}

/**
 * The index on those columns, and the values in its order.
 * @throws BanyanError ROWS_NO_INDEX
 */
export function findIndex(
  indexes: IndexTable,
  table: string,
  columns: readonly string[],
  values: readonly JsonValue[],
): { readonly index: RowIndex; readonly values: readonly JsonValue[] } {
  const given = new Map(columns.map((column, at) => [column, values[at] ?? null]));
  const ways = indexes.get(table) ?? [];
  const index = ways.find(
    (way) => way.columns.length === given.size && way.columns.every((one) => given.has(one)),
  );
  if (index !== undefined) return { index, values: index.columns.map((column) => given.get(column) ?? null) };
  const known = ways.map((way) => `(${way.columns.join(', ')})`).join(', ');
  throw new BanyanError(
    'ROWS_NO_INDEX',
    `Rows of ${table} cannot be looked up by (${columns.join(', ')}): there is ` +
      `${known === '' ? 'no index on that table' : `an index on ${known} only`}. Declare the look-up.`,
    { details: { table, columns: [...columns] } },
  );
}

/** A row's values in an index's columns; undefined when one of them is unknown. */
export function indexValues(index: RowIndex, row: Row): readonly JsonValue[] | undefined {
  const values: JsonValue[] = [];
  for (const column of index.columns) {
    const value = row[column];
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

/**
 * Whether a row has those values in those columns: an index entry may be left over from a write that was cut off,
 * and another text may begin with the bytes of a value.
 */
export function hasValues(columns: readonly string[], row: Row, wanted: readonly JsonValue[]): boolean {
  return columns.every((column, at) => {
    const [value, asked = null] = [row[column], wanted[at]];
    if (value === asked) return true;
    const canDiffer = typeof value === 'object' && typeof asked === 'object';
    return canDiffer && encodeValues([value]) === encodeValues([asked]);
  });
}

/** Keys of the entries that a row has in a table's indexes, in the order of the indexes. */
export function entryKeys(
  indexes: readonly RowIndex[],
  rowKey: StoredKey,
  row: Row | undefined,
): (StoredKey | undefined)[] {
  return indexes.map((index) => {
    const values = row === undefined ? undefined : indexValues(index, row);
    return values === undefined ? undefined : indexEntryKey(index.prefix, values, rowKey);
  });
}
