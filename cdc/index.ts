export type {
  Change,
  ChangeLogLine,
  ColumnSchema,
  Cursor,
  GapLine,
  Row,
  TableSchema,
  TickLine,
  TransactionHeader,
  TransactionLine,
} from './change.ts';
export type {
  KeyedRow,
  OpenOptions,
  SnapshotProgress,
  SnapshotQuery,
  Source,
  SourceChange,
  SourceContext,
  SourceDefinition,
  SourceLag,
  SourceMessage,
  SourceSnapshot,
  SourceStream,
  TableShape,
} from './source.ts';
export {
  table,
  tables,
  unknown,
  type Column,
  type RowOf,
  type Table,
  type Tables,
  type Unknown,
} from './tables.ts';
export { approximateBytes } from './change-log-size.ts';
export { createGroupCommit, type GroupCommit } from './change-log-commit.ts';
export { col, type Float } from './columns.ts';
export { bytesBetween, compareCursors } from './postgres/lsn.ts';
export { dropPostgresSource, postgres } from './postgres/postgres.ts';
export type { PostgresOptions } from './postgres/options.ts';
export { openRowStore } from './rows/open-row-store.ts';
export type { RowIndexes, RowKey, RowStore, RowStoreLimits, RowStoreOptions } from './rows/row-store.ts';
export { pullTables, type PullOptions } from './pull/pull-tables.ts';
export {
  openChangeLog,
  type ChangeLog,
  type ChangeLogOptions,
  type TransactionAppend,
} from './change-log.ts';
export { runUntilClosed, type Outcome, type Run, type Work } from './capture/run-until-closed.ts';
export { startCapture, type CaptureOptions } from './capture/start-capture.ts';
export type { Capture, CaptureState, CaptureStatus } from './capture/capture.ts';
export { applyChange, valuesOf } from './capture/apply-change.ts';
