import { canonicalJson, type JsonValue } from 'banyan/runtime';
import type { Change, Row } from '../change.ts';
import type { RowKey, RowStore } from '../rows/row-store.ts';

/** A row's values in some columns; null for a column that it has not. */
export function valuesOf(row: Row, columns: readonly string[]): JsonValue[] {
  return columns.map((column) => row[column] ?? null);
}

/**
 * Applies a change of the log to stored rows: sets or removes, without reading, so that it may be applied again.
 * @param key the columns by which the table's rows are stored
 * @param stored what is stored of the row after
 */
export function applyChange(rows: RowStore, key: readonly string[], change: Change, stored?: Row): void {
  if (change.op === 'delete') {
    rows.remove(change.table, valuesOf(change.before, key));
    return;
  }
  const after = valuesOf(change.after, key);
  if (change.op === 'update') {
    const before = valuesOf(change.before, key);
    if (!sameKey(before, after)) rows.remove(change.table, before);
  }
  rows.put(change.table, after, stored ?? change.after);
}

/** Whether two keys of one table are equal. */
export function sameKey(one: RowKey, other: RowKey): boolean {
  return one.every((value, at) => sameValue(value, other[at]));
}

/** Whether two values are equal; two columns that a row lacks are. */
export function sameValue(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  return canonicalJson(one) === canonicalJson(other);
}
