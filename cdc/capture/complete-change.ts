import type { JsonValue } from 'banyan/runtime';
import type { Change, Row, TableSchema } from '../change.ts';
import type { SourceChange } from '../source.ts';

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
    case 'existing':
      return { op: 'existing', ...place, after: change.after };
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

function withUnchanged(after: Row, unchanged: readonly string[], before: Row): Row {
  return unchanged.length === 0 ? after : { ...onlyColumns(before, unchanged), ...after };
}

/** The row's columns that the table has now, in the table's order. */
function inShape(row: Row, schema: TableSchema): Row {
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
