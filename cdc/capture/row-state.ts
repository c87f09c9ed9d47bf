import type { Closeable, LogReader, OrderedStore } from 'banyan/runtime';
import type { ChangeLogLine } from '../change.ts';
import type { RowStore } from '../rows/row-store.ts';
import type { SourceChange } from '../source.ts';
import { applyChange } from './apply-change.ts';
import { hiddenRows } from './hidden-rows.ts';
import { moveRows } from './move-rows.ts';
import { schemaVersions } from './schema-versions.ts';
import { hasMoved, storedShapes, type StoredShapes } from './stored-shapes.ts';
import { tellChanges, type KnownRows, type WholeChange } from './tell-changes.ts';

/** The last known rows of a source, which make its changes whole. */
export interface RowState extends Closeable {
  begin(position: number): void;
  /** What a change of the source stands for in the log: see {@link tellChanges}. To be iterated to the end. */
  complete(change: SourceChange): Iterable<WholeChange | undefined>;
  /** To be awaited before `commit`. */
  finish(): Promise<void>;
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
  const shapes = await restoredShapes(rows, store);
  const known = { rows, versions: schemaVersions(store), shapes, hidden: hiddenRows(rows) };
  rows.settle(head);
  for await (const batch of changeLog.read({ from: rows.committed + 1, to: head, signal })) {
    for (const entry of batch) {
      await applyLines(known, entry.position, entry.single ? [entry.single] : entry.lines());
    }
  }
  signal.throwIfAborted();
  return stateOver(known);
}

async function applyLines(known: KnownRows, position: number, lines: Iterable<ChangeLogLine>): Promise<void> {
  const { rows, versions, shapes } = known;
  let isOpen = false;
  for (const line of lines) {
    if (line.kind !== 'transaction') return;
    if (!isOpen) rows.begin(position);
    isOpen = true;
    for (const schema of line.schemas ?? []) versions.learn(schema);
    for (const change of line.changes) {
      const schema = versions.find(change.table, change.schema);
      if (!schema || schema.key.length === 0) continue;
      const was = shapes.take(schema);
      for (const _ of was ? moveRows(rows, was, schema) : []) if (rows.full) await rows.ready();
      applyChange(rows, schema.key, change);
      if (rows.full) await rows.ready();
    }
  }
  versions.commit(position);
  shapes.commit(position);
  // Rows are written once their transaction is committed: the shapes must be there before.
  await versions.keep(position);
  await shapes.keep(position);
  if (isOpen) rows.commit();
}

/** Begins from the rows' position again: what the rows were on the way to is not known. */
async function restoredShapes(rows: RowStore, store: OrderedStore): Promise<StoredShapes> {
  const { recovering } = rows;
  // Rows that were being moved to another key are not in the log: only all of it tells them.
  if (recovering !== undefined && hasMoved(store, rows.position, recovering)) await rows.clear();
  return storedShapes(store, rows.position);
}

function stateOver(known: KnownRows): RowState {
  const { rows, versions, shapes, hidden } = known;
  let open = 0;
  return {
    begin: (position) => {
      open = position;
      rows.begin(position);
    },
    complete: (change) => tellChanges(known, change),
    finish: async () => {
      for (const _ of hidden.forgetAll()) if (rows.full) await rows.ready();
    },
    commit: () => {
      versions.commit(open);
      shapes.commit(open);
      rows.commit();
    },
    abort: () => {
      versions.abort();
      shapes.abort();
      rows.abort();
      hidden.abort();
    },
    settle: async (position) => {
      await versions.keep(position);
      await shapes.keep(position);
      rows.settle(position);
    },
    get full() {
      return rows.full;
    },
    ready: () => rows.ready(),
    close: () => rows.close(),
  };
}
