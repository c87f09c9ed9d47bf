import type { JsonValue } from 'banyan/runtime';
import type { Change, Row, TableSchema } from '../change.ts';
import type { SourceChange, TableShape } from '../source.ts';
import { sameValue } from './apply-change.ts';

/** A change of one row as the source tells it. */
export type RowChange = Exclude<SourceChange, { readonly op: 'truncate' }>;

/**
 * Makes a change whole.
 * @param known the row before as row state has it, or undefined
 * @param schema the table's shape now: rows are given in it, and what they lack of it is unknown
 */
export function completeChange(change: RowChange, known: Row | undefined, schema: TableSchema): Change {
  const { table, version } = schema;
  const place = { table, schema: version };
  switch (change.op) {
    case 'existing': {
      if (!known) return { op: 'existing', ...place, after: change.after };
      // A row is found existing once in its life: found again, it was changed meanwhile.
      const before = inShape(known, schema);
      const unknown = listed('unknownBefore', missing(before, schema));
      return { op: 'update', ...place, before, after: change.after, ...unknown };
    }
    case 'insert':
      return { op: 'insert', ...place, after: change.after };
    case 'update': {
      const before = inShape({ ...known, ...change.old }, schema);
      const after = withUnchanged(change.after, change.unchanged ?? [], before);
      // The key of a row is always sent; where it did not change, it is that of the row after.
      const keyed =
        change.old === undefined ? { ...before, ...onlyColumns(change.after, schema.key) } : before;
      return {
        op: 'update',
        ...place,
        before: keyed,
        after,
        ...listed('unknownBefore', missing(keyed, schema)),
        ...listed('unknownAfter', missing(after, schema)),
      };
    }
    case 'delete': {
      const before = inShape({ ...known, ...change.old }, schema);
      return { op: 'delete', ...place, before, ...listed('unknownBefore', missing(before, schema)) };
    }
  }
}

/** The deletion of a row that went with a truncate. */
export function truncatedRow(known: Row, schema: TableSchema): Change {
  const { table, version } = schema;
  const before = inShape(known, schema);
  const unknown = listed('unknownBefore', missing(before, schema));
  return { op: 'delete', table, schema: version, before, truncated: true, ...unknown };
}

/** The insertion of a row that row state knows. */
export function insertedRow(known: Row, schema: TableSchema): Change {
  const { table, version } = schema;
  const after = inShape(known, schema);
  return { op: 'insert', table, schema: version, after, ...listed('unknownAfter', missing(after, schema)) };
}

/** The change of a row's values that nobody made: their form has changed, or that of the table. */
export function changedForm(before: Row, after: Row, schema: TableSchema): Change {
  const { table, version } = schema;
  return {
    op: 'update',
    table,
    schema: version,
    before,
    after,
    ...listed('unknownBefore', missing(before, schema)),
    ...listed('unknownAfter', missing(after, schema)),
  };
}

/** Whether a row that is read again is what row state knows. */
export function isKnown(known: Row, after: Row, shape: TableShape): boolean {
  return shape.columns.every(({ name }) => sameValue(known[name], after[name]));
}

function withUnchanged(after: Row, unchanged: readonly string[], before: Row): Row {
  return unchanged.length === 0 ? after : { ...onlyColumns(before, unchanged), ...after };
}

/** The row's columns that the table has now, in the table's order. */
export function inShape(row: Row, schema: TableShape): Row {
  return onlyColumns(
    row,
    schema.columns.map(({ name }) => name),
  );
}

function onlyColumns(row: Row, columns: readonly string[]): Row {
  const entries: [string, JsonValue][] = [];
  for (const name of columns) {
    const value = Object.hasOwn(row, name) ? row[name] : undefined;
    if (value !== undefined) entries.push([name, value]);
  }
  return Object.fromEntries(entries);
}

function missing(row: Row, schema: TableSchema): string[] {
  return schema.columns.flatMap(({ name }) => (Object.hasOwn(row, name) ? [] : [name]));
}

function listed<Name extends string>(
  name: Name,
  columns: readonly string[],
): { [N in Name]?: readonly string[] } {
  return (columns.length === 0 ? {} : { [name]: columns }) as { [N in Name]?: readonly string[] };
}
