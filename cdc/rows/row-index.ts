import { BanyanError, canonicalJson, type JsonValue } from 'banyan/runtime';
import type { Row } from '../change.ts';
import { encodeValues, indexEntryKey, indexPrefix, type StoredKey } from './key-encoding.ts';
import type { RowIndexes } from './row-store.ts';

/** One index of a table: the columns in the order of their names, since a question may name them in any order. */
export interface RowIndex {
  readonly columns: readonly string[];
  readonly prefix: StoredKey;
}

/** The indexes of a row store by table. */
export type IndexTable = ReadonlyMap<string, readonly RowIndex[]>;

/** Prepares declared indexes; two on the same columns are one. */
export function indexTable(declared: RowIndexes): IndexTable {
  return new Map(
    Object.entries(declared)
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

/** Whether a row has those values: an index entry may be left over from a write that was cut off. */
export function hasValues(index: RowIndex, row: Row, wanted: string): boolean {
  const values = indexValues(index, row);
  return values !== undefined && encodeValues(values) === wanted;
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
