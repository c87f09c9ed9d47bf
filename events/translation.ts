import type { Cursor, RowOf, Tables } from 'banyan/cdc';
import type { NewEvent } from './event.ts';

/** The declared tables' short names. */
type TableName<T extends Tables> = keyof T['tables'] & string;
type RowIn<T extends Tables, Name extends TableName<T>> = RowOf<T['tables'][Name]>;
type ColumnName<T extends Tables, Name extends TableName<T>> = keyof T['tables'][Name]['columns'] & string;

/** By what rows of a table may be looked up besides their key: a column, or several ways, each a column or columns together. */
type LookupOf<Column extends string> = Column | readonly (Column | readonly Column[])[];

/** Which rows a translation may look up. Every table listed can be looked up by its key too. */
export type Lookups<T extends Tables> = { readonly [Name in TableName<T>]?: LookupOf<ColumnName<T, Name>> };

/** A row before and after. */
export interface Updated<Row> {
  readonly before: Row;
  readonly after: Row;
}

/** One change of a declared table, in commit order. */
export type TableChange<T extends Tables> = {
  readonly [Name in TableName<T>]:
    | { readonly op: 'existing' | 'insert'; readonly table: Name; readonly after: RowIn<T, Name> }
    | ({ readonly op: 'update'; readonly table: Name } & Updated<RowIn<T, Name>>)
    | {
        readonly op: 'delete';
        readonly table: Name;
        readonly before: RowIn<T, Name>;
        readonly truncated: boolean;
      };
}[TableName<T>];

/** What a translation sees: one whole transaction. All iterators are lazy, and each call begins a new pass. */
export interface Transaction<T extends Tables = Tables> {
  readonly source: string;
  readonly position: number;
  readonly xid: string;
  readonly committedAt: string;
  readonly logTime: string;
  readonly cursor: Cursor;
  /** Rows found by the snapshot, which are news to Banyan and not to the business. */
  existing<Name extends TableName<T>>(table: Name): IteratorObject<RowIn<T, Name>>;
  inserted<Name extends TableName<T>>(table: Name): IteratorObject<RowIn<T, Name>>;
  updated<Name extends TableName<T>>(table: Name): IteratorObject<Updated<RowIn<T, Name>>>;
  deleted<Name extends TableName<T>>(table: Name): IteratorObject<RowIn<T, Name>>;
  /** Every change of the declared tables, in the order in which the monolith made them. */
  changes(): IteratorObject<TableChange<T>>;
  /** The row with that key as of the end of this transaction; the same in every replay. */
  row<Name extends TableName<T>>(table: Name, key: KeyOf<T, Name>): RowIn<T, Name> | undefined;
  /** The rows whose columns have those values, as of the end of this transaction, in key order. */
  rows<Name extends TableName<T>>(
    table: Name,
    where: Partial<RowIn<T, Name>>,
  ): IteratorObject<RowIn<T, Name>>;
}

/** A key: the value of the only key column, or the key columns by name. */
export type KeyOf<T extends Tables, Name extends TableName<T>> = string | number | Partial<RowIn<T, Name>>;

/** What a translation is: a pure function of a transaction, and what it needs. */
export interface TranslationDefinition<T extends Tables> {
  /** From 1; a fix of the logic is a new version with an event log of its own. */
  readonly version: number;
  readonly lookups?: Lookups<T>;
  /** The events of the transaction, in order. Yield them (`function*`) where a transaction may be large. */
  translate(tx: Transaction<T>): Iterable<NewEvent>;
}

/** A declared translation, named; without its tables' types, for whoever runs it. */
export interface Translation {
  readonly kind: 'translation';
  readonly name: string;
  readonly version: number;
  readonly tables: Tables;
  /** Table short name to the ways of looking up, each a list of columns. */
  readonly lookups: Readonly<Record<string, readonly (readonly string[])[]>>;
  translate(tx: Transaction): Iterable<NewEvent>;
}

/**
 * Declares a translation of a source's transactions into domain events.
 *
 *     translation('orders', shop, { version: 1, *translate(tx) { ... } })
 */
export function translation<T extends Tables>(
  name: string,
  tables: T,
  definition: TranslationDefinition<T>,
): Translation {
  const lookups = Object.fromEntries(
    Object.entries(definition.lookups ?? {}).map(([table, ways]) => [
      table,
      waysOf(ways as LookupOf<string>),
    ]),
  );
  return {
    kind: 'translation',
    name,
    version: definition.version,
    tables,
    lookups,
    // The typed view is a narrowing of the untyped one: the translator builds it from the same declaration.
    translate: (tx) => definition.translate(tx as unknown as Transaction<T>),
  };
}

function waysOf(ways: LookupOf<string>): string[][] {
  if (typeof ways === 'string') return [[ways]];
  return ways.map((way) => (typeof way === 'string' ? [way] : [...way]));
}
