import {
  applyChange,
  valuesOf,
  type Change,
  type ChangeLogLine,
  type Row,
  type RowKey,
  type RowStore,
  type Tables,
} from 'banyan/cdc';
import {
  BanyanError,
  canonicalJson,
  type OrderedStore,
  type Closeable,
  type LogEntry,
  type LogReader,
} from 'banyan/runtime';
import { createBreather } from './breather.ts';
import type { LoggedRow } from './declared-row.ts';
import { sameColumns, type LookupState } from './lookup.ts';
import { transactionLines } from './transaction-view.ts';
import type { Translation } from './translation.ts';

/** A translation's own look-up state: its listed tables, folded from the change log. */
export interface LookupFold extends LookupState, Closeable {
  /** Applies a whole transaction; look-ups see its end. Not durable before {@link LookupFold.settle}. */
  fold(entry: LogEntry<ChangeLogLine>, signal: AbortSignal): Promise<void>;
  /** The event log is durable up to the position: so may this state be. */
  settle(position: number): void;
}

/** For a translation that looks nothing up. */
export const noLookups: LookupFold = {
  fold: () => Promise.resolve(),
  settle: () => undefined,
  close: () => Promise.resolve(),
  row: () => undefined,
  rows: () => [],
};

/** Which indexes a translation's row store needs, by the tables' names in the source. */
export function lookupIndexes({
  tables,
  lookups,
}: Translation): Record<string, readonly (readonly string[])[]> {
  return Object.fromEntries(
    Object.entries(lookups).map(([short, ways]) => {
      const { name, key } = declaredTable(tables, short);
      return [name, ways.filter((way) => !sameColumns(way, key))];
    }),
  );
}

/** The key columns of the listed tables, by the tables' names in the source. @throws BanyanError LOOKUP_WITHOUT_KEY */
export function lookupKeys({
  name,
  tables,
  lookups,
}: Translation): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.keys(lookups).map((short) => {
      const table = declaredTable(tables, short);
      if (table.key.length === 0) throw noKey(name, short);
      return [table.name, table.key];
    }),
  );
}

/** Where the store says what was kept in it: rows of other tables, or by other keys, are of no use. No key of the row store's begins so. */
const declarationKey = Buffer.from('\x04lookups');

/**
 * Opens the look-up state of a translation: brings it to the head of the event log, from the change log.
 * @param store what the rows are stored in
 * @param head the event log's durable head; 0 for none
 */
export async function openLookupFold(
  rows: RowStore,
  store: OrderedStore,
  translation: Translation,
  changeLog: LogReader<ChangeLogLine>,
  head: number,
  signal: AbortSignal,
): Promise<LookupFold> {
  const keys = lookupKeys(translation);
  const fold = foldOver(rows, new Map(Object.entries(keys)));
  const declaration = canonicalJson(keys);
  const isOther = store.get(declarationKey)?.toString() !== declaration;
  // An event log that was removed, or began anew, is translated from its beginning, and so are the look-ups.
  if (isOther || rows.position > head || (rows.recovering ?? 0) > head) {
    await rows.clear();
    await store.write([[declarationKey, Buffer.from(declaration)]]);
  }
  fold.settle(head);
  if (rows.committed >= head) return fold;
  for await (const batch of changeLog.read({ from: rows.committed + 1, to: head, signal })) {
    for (const entry of batch) await fold.fold(entry, signal);
  }
  signal.throwIfAborted();
  return fold;
}

type LookupKeys = ReadonlyMap<string, readonly string[]>;

function foldOver(rows: RowStore, keys: LookupKeys): LookupFold {
  const breather = createBreather();
  const keyOf = (table: string, row: Row): RowKey => valuesOf(row, keys.get(table) ?? []);
  return {
    fold: async (entry, signal) => {
      rows.begin(entry.position);
      try {
        for (const { changes } of transactionLines(entry)) {
          for (const change of changes) {
            const key = keys.get(change.table);
            if (key) applyChange(rows, key, change, packed(change));
            if (rows.full) await rows.ready();
          }
          if (breather.isDue()) await breather.breathe();
          signal.throwIfAborted();
        }
        rows.commit();
      } catch (error) {
        rows.abort();
        throw error;
      }
    },
    settle: (position) => {
      rows.settle(position);
    },
    row: (table, key) => {
      const found = rows.get(table, keyOf(table, key));
      return found && unpacked(found);
    },
    *rows(table, way, where) {
      for (const found of rows.byIndex(table, way, valuesOf(where, way))) yield unpacked(found);
    },
    close: () => rows.close(),
  };
}

/** Where a stored row lists its unknown columns: no column of a database can have this name. */
const unknownColumns = '\0unknown';

function packed(change: Change): Row | undefined {
  if (change.op === 'delete') return undefined;
  const unknown = change.op === 'existing' ? undefined : change.unknownAfter;
  return unknown === undefined || unknown.length === 0
    ? change.after
    : { ...change.after, [unknownColumns]: unknown };
}

function unpacked(stored: Row): LoggedRow {
  return { row: stored, unknown: stored[unknownColumns] as readonly string[] | undefined };
}

function declaredTable({ source, tables }: Tables, short: string): Tables['tables'][string] {
  const table = Object.hasOwn(tables, short) ? tables[short] : undefined;
  if (table) return table;
  throw new BanyanError(
    'LOOKUP_NOT_DECLARED',
    `"${short}" is listed as a look-up, and is no declared table of ${source}. Run \`banyan tables pull\`, or take it ` +
      `out of the lookups.`,
    { details: { table: short } },
  );
}

function noKey(translation: string, short: string): BanyanError {
  return new BanyanError(
    'LOOKUP_WITHOUT_KEY',
    `Translation ${translation} lists "${short}" as a look-up, and that table has no key: its rows cannot be told ` +
      `apart. Take it out of the lookups.`,
    { details: { translation, table: short } },
  );
}
