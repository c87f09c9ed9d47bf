import type { Change, ChangeLogLine, Row, Table, Tables, TransactionLine } from 'banyan/cdc';
import type { Line, LogEntry } from 'banyan/runtime';
import { declaredRow, type LoggedRow } from './declared-row.ts';
import { lookUpRow, lookUpRows, type Lookup } from './lookup.ts';
import { passesOver, type ChangeWith, type Passes } from './transaction-passes.ts';
import type { TableChange, Transaction, Updated } from './translation.ts';

type TransactionEntry = LogEntry<ChangeLogLine>;

/**
 * A change log's entry as a translation sees it. No row of it is kept: each pass reads the entry's lines again, as
 * far as an earlier pass has not shown that there is nothing more to find (`transaction-passes.ts`).
 * @param lookup the state to look rows up in, as of the end of this transaction
 */
export function viewTransaction(entry: TransactionEntry, tables: Tables, lookup: Lookup): Transaction {
  const first = firstPart(entry);
  const passes = passesOver(() => transactionLines(entry));
  const byName = new Map(Object.entries(tables.tables).map(([short, table]) => [table.name, short]));
  const declared = (short: string): Table => {
    const table = Object.hasOwn(tables.tables, short) ? tables.tables[short] : undefined;
    if (!table) throw new TypeError(`${short} is not a declared table of ${tables.source}`);
    return table;
  };
  return {
    source: tables.source,
    position: entry.position,
    xid: first.xid,
    committedAt: first.committedAt,
    logTime: first.logTime,
    get cursor() {
      // Only the last line knows where the transaction ended.
      return lastLine(entry).cursor;
    },
    existing: (short) => rowsAfter(passes, declared(short), 'existing'),
    inserted: (short) => rowsAfter(passes, declared(short), 'insert'),
    updated: (short) => updates(passes, declared(short)),
    deleted: (short) => deletions(passes, declared(short)),
    changes: () => allChanges(passes, tables, byName),
    row: (short, key) => lookUpRow(lookup, short, declared(short), key as string | number | Row),
    rows: (short, where) => lookUpRows(lookup, short, declared(short), where as Row),
  };
}

/** The lines of a transaction, in order. */
export function* transactionLines(entry: TransactionEntry): Generator<Line<TransactionLine>, void> {
  for (const line of entry.single ? [entry.single] : entry.lines())
    if (line.kind === 'transaction') yield line;
}

/** An entry's first line, of whatever kind. */
export function firstLine(entry: TransactionEntry): Line<ChangeLogLine> {
  if (entry.single) return entry.single;
  for (const line of entry.lines()) return line;
  throw new TypeError(`Position ${String(entry.position)} of the change log has no line`);
}

function firstPart(entry: TransactionEntry): Line<TransactionLine> {
  const line = firstLine(entry);
  if (line.kind === 'transaction') return line;
  throw new TypeError(`Position ${String(entry.position)} of the change log is a ${line.kind}`);
}

function lastLine(entry: TransactionEntry): Line<TransactionLine> {
  let last: Line<TransactionLine> | undefined;
  for (const line of transactionLines(entry)) last = line;
  return last ?? firstPart(entry);
}

function* rowsAfter(passes: Passes, table: Table, op: 'existing' | 'insert'): Generator<Row, void> {
  for (const change of passes.of(op, table.name)) yield declaredRow(table, rowAfter(change));
}

function* updates(passes: Passes, table: Table): Generator<Updated<Row>, void> {
  for (const change of passes.of('update', table.name)) yield updatedRow(table, change);
}

function* deletions(passes: Passes, table: Table): Generator<Row, void> {
  for (const change of passes.of('delete', table.name)) yield declaredRow(table, rowBefore(change));
}

function* allChanges(
  passes: Passes,
  { tables }: Tables,
  byName: ReadonlyMap<string, string>,
): Generator<TableChange<Tables>, void> {
  for (const change of passes.all()) {
    const short = byName.get(change.table);
    const table = short === undefined ? undefined : tables[short];
    if (short !== undefined && table) yield declaredChange(short, table, change);
  }
}

function declaredChange(short: string, table: Table, change: Change): TableChange<Tables> {
  switch (change.op) {
    case 'existing':
    case 'insert':
      return { op: change.op, table: short, after: declaredRow(table, rowAfter(change)) };
    case 'update':
      return { op: 'update', table: short, ...updatedRow(table, change) };
    case 'delete': {
      const before = declaredRow(table, rowBefore(change));
      return { op: 'delete', table: short, before, truncated: change.truncated ?? false };
    }
  }
}

function updatedRow(table: Table, change: ChangeWith<'update'>): Updated<Row> {
  return { before: declaredRow(table, rowBefore(change)), after: declaredRow(table, rowAfter(change)) };
}

function rowAfter(change: ChangeWith<'existing' | 'insert' | 'update'>): LoggedRow {
  return { row: change.after, unknown: change.op === 'existing' ? undefined : change.unknownAfter };
}

function rowBefore(change: ChangeWith<'update' | 'delete'>): LoggedRow {
  return { row: change.before, unknown: change.unknownBefore };
}
