import type { Change, Row, TableSchema } from '../change.ts';
import type { RowKey, RowStore } from '../rows/row-store.ts';
import type { SourceChange, TableShape } from '../source.ts';
import { applyChange, sameKey, sameValue, valuesOf } from './apply-change.ts';
import {
  changedForm,
  completeChange,
  insertedRow,
  isKnown,
  truncatedRow,
  type RowChange,
} from './complete-change.ts';
import type { HiddenRows } from './hidden-rows.ts';
import { moveRows } from './move-rows.ts';
import type { SchemaVersions } from './schema-versions.ts';
import type { StoredShapes } from './stored-shapes.ts';

/** A whole change, and the shape of its table when the log must be told it. */
export interface WholeChange {
  readonly change: Change;
  readonly schema?: TableSchema | undefined;
}

/** What a source's changes are made whole with. */
export interface KnownRows {
  readonly rows: RowStore;
  readonly versions: SchemaVersions;
  readonly shapes: StoredShapes;
  readonly hidden: HiddenRows;
}

/**
 * The whole changes that one of the source stands for, each applied to the rows when it is yielded: none, when a row is
 * read again that has not changed; every row's deletion, for a truncate. Undefined: nothing to log, but a place where
 * room may be waited for. To be iterated to the end.
 * @throws BanyanError CAPTURE_KEY_CHANGED
 */
export function* tellChanges(
  known: KnownRows,
  change: SourceChange,
): Generator<WholeChange | undefined, void> {
  const { rows, versions, shapes } = known;
  const { table: shape } = change;
  // A shape is asked for where a change tells it: what tells nothing leaves it unsaid.
  const tell = (make: (schema: TableSchema) => Change): WholeChange => {
    const { schema, isNew } = versions.versionOf(shape);
    return { change: make(schema), schema: isNew ? schema : undefined };
  };
  const was = shapes.take(shape);
  if (was) {
    for (const moved of moveRows(rows, was, shape)) {
      yield moved && tell((schema) => changedForm(moved.before, moved.after, schema));
    }
  }
  if (change.op === 'truncate') {
    for (const row of rows.drain(shape.table)) yield tell((schema) => truncatedRow(row, schema));
    yield* known.hidden.forget(shape.table);
  } else if (shape.key.length === 0) yield tell((schema) => completeChange(change, undefined, schema));
  else if (change.op === 'existing') yield* tellExisting(known, shape, change.after, tell);
  else yield* tellRow(known, change, tell);
}

type Tell = (make: (schema: TableSchema) => Change) => WholeChange;

/** A row that the source reads: it is told when it is first seen, and later only when it differs. */
function* tellExisting(
  { rows }: KnownRows,
  table: TableShape,
  after: Row,
  tell: Tell,
): Generator<WholeChange, void> {
  const stored = rows.get(table.table, valuesOf(after, table.key));
  if (stored && isKnown(stored, after, table)) return;
  const whole = tell((schema) => completeChange({ op: 'existing', table, after }, stored, schema));
  yield applied(rows, table.key, whole);
}

/** A row that a statement has changed, of a table with a key. */
function* tellRow(known: KnownRows, change: RowChange, tell: Tell): Generator<WholeChange, void> {
  const { rows, hidden } = known;
  const { table, key } = change.table;
  const put = (make: (schema: TableSchema) => Change): WholeChange => applied(rows, key, tell(make));
  const identified = rowBefore(change);
  const before = identified && valuesOf(identified, key);
  const old = wholeBefore(change);
  const after = change.op === 'delete' ? undefined : valuesOf(change.after, key);
  const stored = before && rows.get(table, before);
  const wasHidden = before && old ? takeHidden(hidden, table, before, old, stored) : false;
  const stays = before !== undefined && after !== undefined && !wasHidden && sameKey(before, after);
  const covered = after && !stays ? rows.get(table, after) : undefined;
  if (after && covered) {
    hidden.hide(table, after, covered);
    yield put((schema) =>
      completeChange({ op: 'delete', table: change.table, old: covered }, covered, schema),
    );
  }
  if (wasHidden) {
    // The log was told that it is deleted.
    if (change.op === 'update')
      yield put((schema) => completeChange({ ...change, op: 'insert' }, stored, schema));
    return;
  }
  yield put((schema) => completeChange(change, stored, schema));
  const uncovered = before && old && !stays ? hidden.take(table, before) : undefined;
  if (uncovered) yield put((schema) => insertedRow(uncovered, schema));
}

function applied(rows: RowStore, key: readonly string[], whole: WholeChange): WholeChange {
  applyChange(rows, key, whole.change);
  return whole;
}

/** The key columns, at least, of the row before; undefined for a row that is new. */
function rowBefore(change: RowChange): Row | undefined {
  switch (change.op) {
    case 'existing':
    case 'insert':
      return undefined;
    case 'update':
      return change.old ?? change.after;
    case 'delete':
      return change.old;
  }
}

/** The row before, where the source tells all of it: only then may two rows have one key. */
function wholeBefore(change: RowChange): Row | undefined {
  if (change.op !== 'update' && change.op !== 'delete') return undefined;
  const { old, table } = change;
  return old && table.columns.every(({ name }) => Object.hasOwn(old, name)) ? old : undefined;
}

/** Takes away the hidden row that a change is of, if it is not of the one above it: their other columns tell. */
function takeHidden(
  hidden: HiddenRows,
  table: string,
  key: RowKey,
  old: Row,
  stored: Row | undefined,
): boolean {
  if (!hidden.has(table)) return false;
  const isIt = (row: Row): boolean =>
    Object.keys(row).every((name) => !Object.hasOwn(old, name) || sameValue(row[name], old[name]));
  if (stored && isIt(stored)) return false;
  return hidden.take(table, key, isIt) !== undefined;
}
