import type { RowOf, Table, Tables } from 'banyan/cdc';
import type { Transaction, Updated } from 'banyan/events';
import { openDatabase } from '../monolith/database.ts';

type Declared<T extends Tables> = T['tables'];
/** Rows by the short names of their tables. */
export type Rows<T extends Tables> = {
  readonly [Name in keyof Declared<T>]?: readonly RowOf<Declared<T>[Name]>[];
};
type Updates<T extends Tables> = {
  readonly [Name in keyof Declared<T>]?: readonly Updated<RowOf<Declared<T>[Name]>>[];
};

/** A transaction made by hand. */
export interface Given<T extends Tables> {
  readonly existing?: Rows<T>;
  readonly inserted?: Rows<T>;
  readonly updated?: Updates<T>;
  readonly deleted?: Rows<T>;
  /** What look-ups find: the tables as of the transaction's end. */
  readonly rows?: Rows<T>;
}

type AnyRow = Readonly<Record<string, unknown>>;
type AnyRows = Readonly<Record<string, readonly unknown[] | undefined>>;

/** The transaction that a translation is given, without capture and change log. */
export function transactionOf<T extends Tables>(declared: T, given: Given<T>): Transaction<T> {
  const of = (rows: unknown) => (name: string) => ((rows as AnyRows | undefined)?.[name] ?? []).values();
  const rows = of(given.rows);
  const matching = (name: string, where: AnyRow) =>
    rows(name).filter((row) =>
      Object.entries(where).every(([column, value]) => (row as AnyRow)[column] === value),
    );
  const view = {
    source: declared.source,
    position: 1,
    xid: '1',
    committedAt: '2026-03-01T09:30:00.000000Z',
    logTime: '2026-03-01T09:30:00.000000Z',
    cursor: { system: '1', timeline: 1, lsn: '0/1' },
    existing: of(given.existing),
    inserted: of(given.inserted),
    updated: of(given.updated),
    deleted: of(given.deleted),
    rows: matching,
    row: (name: string, key: unknown) => {
      const [column = ''] = declared.tables[name]?.key ?? [];
      const where = typeof key === 'object' ? (key as AnyRow) : { [column]: key };
      return matching(name, where).next().value;
    },
  };
  return view as unknown as Transaction<T>;
}

/** All rows of the declared tables as they are in a database now, in key order. */
export async function readRows<T extends Tables>(databaseUrl: string, declared: T): Promise<Rows<T>> {
  const db = openDatabase(databaseUrl, 1);
  try {
    const found: Record<string, unknown[]> = {};
    for (const [short, table] of Object.entries(declared.tables))
      found[short] = (await db.query<AnyRow>(selectAll(table))).rows;
    return found as Rows<T>;
  } finally {
    await db.end();
  }
}

function selectAll(table: Table): string {
  const columns = Object.entries(table.columns).map(([name, { type }]) => {
    if (type === 'bytea') return `encode("${name}", 'base64') AS "${name}"`;
    return type === '_numeric' ? `"${name}"::text[]` : `"${name}"`;
  });
  const from = table.name.split('.').map((name) => `"${name}"`);
  // A table without a key, in any order.
  const order = table.key.length > 0 ? ` ORDER BY ${table.key.map((name) => `"${name}"`).join(', ')}` : '';
  return `SELECT ${columns.join(', ')} FROM ${from.join('.')}${order}`;
}
