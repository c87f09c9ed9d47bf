import type { Closeable, LogReader, OrderedStore } from 'banyan/runtime';
import type { Change, ChangeLogLine, Row, TableSchema } from '../change.ts';
import type { RowStore } from '../rows/row-store.ts';
import type { SourceChange } from '../source.ts';
import { applyChange, valuesOf } from './apply-change.ts';
import { completeChange, truncatedRow, type RowChange } from './complete-change.ts';
import { schemaVersions, type SchemaVersions } from './schema-versions.ts';

/** A whole change, and the shape of its table when the log must be told it. */
export interface WholeChange {
  readonly change: Change;
  readonly schema?: TableSchema | undefined;
}

/** The last known rows of a source, which make its changes whole. */
export interface RowState extends Closeable {
  begin(position: number): void;
  /** The changes that one of the source stands for: a truncate is the deletion of every row. To be iterated to the end. */
  complete(change: SourceChange): Iterable<WholeChange>;
  commit(): void;
  abort(): void;
  /** Says that the change log is durable up to the position. */
  settle(position: number): Promise<void>;
  /** True when memory holds more than it should: await `ready` before the next change. */
  readonly full: boolean;
  ready(): Promise<void>;
}

/**
 * Brings row state to the durable end of its change log: applies what it lacks, all of it when it was lost.
 * @param store what the rows are stored in
 */
export async function restoreRowState(
  rows: RowStore,
  store: OrderedStore,
  changeLog: LogReader<ChangeLogLine>,
  signal: AbortSignal,
): Promise<RowState> {
  const head = (await changeLog.head())?.position ?? 0;
  // Row state of a log that is not there any more, or went back to an older state.
  if (rows.position > head || (rows.recovering ?? 0) > head) await rows.clear();
  const versions = schemaVersions(store);
  rows.settle(head);
  for await (const batch of changeLog.read({ from: rows.committed + 1, to: head, signal })) {
    for (const entry of batch) {
      await applyLines(rows, versions, entry.position, entry.single ? [entry.single] : entry.lines());
    }
  }
  signal.throwIfAborted();
  return stateOver(rows, versions);
}

async function applyLines(
  rows: RowStore,
  versions: SchemaVersions,
  position: number,
  lines: Iterable<ChangeLogLine>,
): Promise<void> {
  let isOpen = false;
  for (const line of lines) {
    if (line.kind !== 'transaction') return;
    if (!isOpen) rows.begin(position);
    isOpen = true;
    for (const schema of line.schemas ?? []) versions.learn(schema);
    for (const change of line.changes) {
      const key = versions.find(change.table, change.schema)?.key ?? [];
      if (key.length > 0) applyChange(rows, key, change);
      if (rows.full) await rows.ready();
    }
  }
  versions.commit(position);
  // Rows are written once their transaction is committed: the shapes must be there before.
  await versions.keep(position);
  if (isOpen) rows.commit();
}

function stateOver(rows: RowStore, versions: SchemaVersions): RowState {
  let open = 0;
  return {
    begin: (position) => {
      open = position;
      rows.begin(position);
    },
    *complete(change) {
      if (change.op === 'truncate') {
        for (const row of rows.drain(change.table.table)) {
          // A shape is asked for where a change tells it: a table without rows goes unsaid.
          const { schema, isNew } = versions.versionOf(change.table);
          yield { change: truncatedRow(row, schema), schema: isNew ? schema : undefined };
        }
        return;
      }
      const { schema, isNew } = versions.versionOf(change.table);
      yield { change: completed(rows, change, schema), schema: isNew ? schema : undefined };
    },
    commit: () => {
      versions.commit(open);
      rows.commit();
    },
    abort: () => {
      versions.abort();
      rows.abort();
    },
    settle: async (position) => {
      await versions.keep(position);
      rows.settle(position);
    },
    get full() {
      return rows.full;
    },
    ready: () => rows.ready(),
    close: () => rows.close(),
  };
}

/** Makes the change of a row whole, and applies it. */
function completed(rows: RowStore, change: RowChange, schema: TableSchema): Change {
  const { key, table } = schema;
  if (key.length === 0) return completeChange(change, undefined, schema);
  const identity = identityBefore(change);
  const known = identity && rows.get(table, valuesOf(identity, key));
  const whole = completeChange(change, known, schema);
  applyChange(rows, key, whole);
  return whole;
}

/** The key columns, at least, of the row before; undefined for a row that is new. */
function identityBefore(change: RowChange): Row | undefined {
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
