import { BanyanError, type JsonValue } from 'banyan/runtime';
import type { Row } from '../change.ts';
import { setColumn } from '../rows/row-codec.ts';
import type { RowStore } from '../rows/row-store.ts';
import type { TableShape } from '../source.ts';
import { sameKey, valuesOf } from './apply-change.ts';
import { inShape } from './complete-change.ts';
import { keyConverter, type KeyConverter } from './convert-key.ts';

/** A row whose key has another form now. */
export interface MovedRow {
  /** In the new shape, but with the key's values as they were. */
  readonly before: Row;
  readonly after: Row;
}

/**
 * Stores a table's rows by the key of its new shape. Yields the rows whose keys' values have another form than before
 * (`1` has become `"1"`), and undefined for the others. To be iterated to the end; `ready` may be awaited meanwhile.
 * @throws BanyanError CAPTURE_KEY_CHANGED when the new key of a row cannot be told from what is stored of it
 */
export function* moveRows(
  rows: RowStore,
  from: TableShape,
  to: TableShape,
): Generator<MovedRow | undefined, void> {
  const { table } = to;
  const convert = rowConverter(from, to);
  // Rows that are put where others are being read would be met again: so all of them go aside first.
  const aside = `\0moving ${table}`;
  for (const row of rows.drain(table)) {
    rows.put(aside, valuesOf(row, from.key), row);
    yield undefined;
  }
  for (const row of rows.drain(aside)) {
    const { before, after } = convert(row);
    const key = valuesOf(after, to.key);
    if (rows.get(table, key)) throw cannotMove(from, to, 'two rows would have the same key');
    rows.put(table, key, after);
    yield sameKey(valuesOf(before, to.key), key) ? undefined : { before, after };
  }
}

/** What one column of the new key is made of. */
interface KeyPart {
  readonly column: string;
  /** Its name in the old shape. */
  readonly was: string;
  readonly convert: KeyConverter;
}

function rowConverter(from: TableShape, to: TableShape): (row: Row) => MovedRow {
  const parts = to.key.map((column) => keyPart(from, to, column));
  return (row) => {
    const before: Record<string, JsonValue> = { ...row };
    const after: Record<string, JsonValue> = {};
    for (const { column, was, convert } of parts) {
      const value = Object.hasOwn(row, was) ? row[was] : undefined;
      if (value === undefined) throw cannotMove(from, to, `"${column}" is unknown for rows of before`);
      const converted = convert(value);
      if (converted === undefined) throw cannotMove(from, to, `"${column}" has a value without a new form`);
      setColumn(before, column, value);
      setColumn(after, column, converted);
    }
    return { before: inShape(before, to), after: inShape({ ...before, ...after }, to) };
  };
}

function keyPart(from: TableShape, to: TableShape, column: string): KeyPart {
  const at = to.columns.findIndex(({ name }) => name === column);
  const was = from.columns.find(({ name }) => name === column) ?? renamed(from, to, at);
  // It was added: the rows of before were given values that the source does not tell.
  if (!was) throw cannotMove(from, to, `"${column}" is unknown for rows of before`);
  const type = to.columns[at]?.type ?? '';
  const convert = keyConverter(was.type, type);
  if (!convert) throw cannotMove(from, to, `what a ${was.type} becomes as ${type} cannot be told`);
  return { column, was: was.name, convert };
}

/**
 * The column that was renamed to the one at that place, when that is certain: Postgres adds columns behind the others,
 * so if one behind it has kept its place, none was dropped or added before.
 */
function renamed(from: TableShape, to: TableShape, at: number): TableShape['columns'][number] | undefined {
  const { name = '', type } = from.columns[at] ?? {};
  const isGone = name !== '' && !to.columns.some((column) => column.name === name);
  const keptBehind = to.columns.some(
    (column, place) => place > at && from.columns[place]?.name === column.name,
  );
  return isGone && keptBehind && type !== undefined ? { name, type } : undefined;
}

function cannotMove(from: TableShape, to: TableShape, why: string): BanyanError {
  const keyOf = ({ columns, key }: TableShape): string =>
    key.map((name) => `${name} ${columns.find((column) => column.name === name)?.type ?? ''}`).join(', ');
  return new BanyanError(
    'CAPTURE_KEY_CHANGED',
    `The key of ${to.table} was (${keyOf(from)}) and is (${keyOf(to)}) now, and the rows that were captured cannot ` +
      `be found by it: ${why}. Capture the source anew: drop its replication slot and publications, and start with ` +
      `an empty directory, so that a new snapshot tells all rows.`,
    { details: { table: to.table, was: [...from.key], is: [...to.key], why } },
  );
}
