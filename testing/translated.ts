import type { Change, ChangeLogLine, Table, Tables } from 'banyan/cdc';
import {
  checkedData,
  translationFailed,
  viewTransaction,
  type AnyEvent,
  type NewEvent,
  type Translation,
} from 'banyan/events';
import { BanyanError, type Line, type LogEntry } from 'banyan/runtime';
import { TestRows, wholeRow, type GivenRow, type GivenRows } from './rows.ts';
import { placeInTime } from './time.ts';

/** Rows before and after. */
export type GivenUpdates<T extends Tables> = {
  readonly [Name in keyof T['tables']]?: readonly {
    readonly before: GivenRow<T['tables'][Name]>;
    readonly after: GivenRow<T['tables'][Name]>;
  }[];
};

/** A transaction made by hand. Its changes come in this order: existing, inserted, updated, deleted. */
export interface GivenTransaction<T extends Tables> {
  readonly existing?: GivenRows<T>;
  readonly inserted?: GivenRows<T>;
  readonly updated?: GivenUpdates<T>;
  readonly deleted?: GivenRows<T>;
  /** Rows that were in the tables before, for look-ups; besides those that the transactions before left there. */
  readonly rows?: GivenRows<T>;
  /** ISO 8601; default: a made-up time, a second later for each transaction. */
  readonly committedAt?: string;
}

/** What is checked besides. */
export interface TranslatedOptions {
  /** The events that the group declares: each event made must be one of them, and fit its schema. */
  readonly events?: readonly AnyEvent[];
}

/**
 * What a translation makes of transactions, one after the other: as the translator would, without a log. Look-ups see
 * what the transactions so far, this one included, left in the tables.
 *
 *     translated(orders, shop, [{ inserted: { orders: [order] } }])
 *
 * @returns the events of each transaction
 * @throws BanyanError TRANSLATION_FAILED, LOOKUP_NOT_DECLARED, TEST_TABLE_UNKNOWN
 */
export function translated<T extends Tables>(
  translation: Translation,
  tables: T,
  transactions: readonly GivenTransaction<T>[],
  { events }: TranslatedOptions = {},
): readonly (readonly NewEvent[])[] {
  const log = `${tables.source}:${translation.name}@${translation.version}`;
  const declared = events && new Map(events.map((event) => [event.type, event]));
  const state = new TestRows(tables);
  return transactions.map((given, at) => {
    for (const change of insertsOf(tables, given.rows, 'insert')) state.apply(change);
    const changes = changesOf(tables, given);
    for (const change of changes) state.apply(change);
    const place = { log, position: at + 1 };
    const lookup = { translation: log, ways: translation.lookups, state };
    const view = viewTransaction(entryOf(at + 1, changes, given.committedAt), tables, lookup);
    try {
      return [...translation.translate(view)].map((event) =>
        declared ? { type: event.type, data: checkedData(declared, event, place) } : event,
      );
    } catch (error) {
      throw translationFailed(error, place);
    }
  });
}

function changesOf<T extends Tables>(tables: T, given: GivenTransaction<T>): Change[] {
  const updated = Object.entries(given.updated ?? {}).flatMap(([short, rows]) => {
    const table = tableOf(tables, short);
    return (rows as readonly { before: object; after: object }[]).map(({ before, after }): Change => ({
      op: 'update',
      table: table.name,
      schema: 1,
      before: wholeRow(table, before),
      after: wholeRow(table, after),
    }));
  });
  const deleted = rowsOf(tables, given.deleted).map(([table, before]): Change => ({
    op: 'delete',
    table: table.name,
    schema: 1,
    before,
  }));
  return [
    ...insertsOf(tables, given.existing, 'existing'),
    ...insertsOf(tables, given.inserted, 'insert'),
    ...updated,
    ...deleted,
  ];
}

function insertsOf(tables: Tables, given: unknown, op: 'existing' | 'insert'): Change[] {
  return rowsOf(tables, given).map(([table, after]): Change => ({ op, table: table.name, schema: 1, after }));
}

function rowsOf(tables: Tables, given: unknown): [Table, ReturnType<typeof wholeRow>][] {
  return Object.entries((given ?? {}) as Record<string, readonly object[]>).flatMap(([short, rows]) => {
    const table = tableOf(tables, short);
    return rows.map((row): [Table, ReturnType<typeof wholeRow>] => [table, wholeRow(table, row)]);
  });
}

function tableOf(tables: Tables, short: string): Table {
  const table = Object.hasOwn(tables.tables, short) ? tables.tables[short] : undefined;
  if (table) return table;
  throw new BanyanError(
    'TEST_TABLE_UNKNOWN',
    `${short} is no declared table of ${tables.source}. Expected one of ${Object.keys(tables.tables).join(', ')}.`,
  );
}

function entryOf(
  position: number,
  changes: readonly Change[],
  committedAt?: string,
): LogEntry<ChangeLogLine> {
  const time = committedAt ?? placeInTime(position);
  const line: Line<ChangeLogLine> = {
    kind: 'transaction',
    position,
    previous: position - 1,
    part: 0,
    last: true,
    xid: String(position),
    committedAt: time,
    logTime: time,
    cursor: { system: '1', timeline: 1, lsn: `0/${(position * 16).toString(16).toUpperCase()}` },
    changes,
  };
  return { position, previous: position - 1, single: line, lines: () => [line] };
}
