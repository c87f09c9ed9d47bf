import { BanyanError } from 'banyan/runtime';
import pg from 'pg';
import type { SelectedTable } from './select-tables.ts';

/** A publication as the catalog has it. */
export interface Publication {
  readonly name: string;
  /** FOR ALL TABLES, or FOR TABLES IN SCHEMA. */
  readonly unbounded: boolean;
  /** The operations, sorted: `delete`, `insert`, `truncate`, `update`. */
  readonly publishes: readonly string[];
  readonly viaRoot: boolean;
  readonly tables: readonly PublishedTable[];
}

export interface PublishedTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly partitioned: boolean;
  /** Has a row filter or a column list. */
  readonly partial: boolean;
}

/** What to run, in order, and what to tell. */
export interface PublicationPlan {
  readonly statements: readonly PublicationStatement[];
  readonly warnings: readonly string[];
}

export interface PublicationStatement {
  readonly sql: string;
  /** Capture is right without it too: not being allowed to run it is only told. */
  readonly optional: boolean;
}

/** Our two publications: all operations, and inserts only. */
export interface PublicationPair<T> {
  readonly whole: T;
  readonly inserts: T;
}

const operations: PublicationPair<readonly string[]> = {
  whole: ['delete', 'insert', 'truncate', 'update'],
  inserts: ['insert'],
};

/** The plan for a new source: exactly the selected tables, each in the publication that its identity allows. */
export function planFirst(
  names: PublicationPair<string>,
  now: PublicationPair<Publication | undefined>,
  selected: readonly SelectedTable[],
): PublicationPlan {
  const whole = selected.filter((table) => table.hasIdentity);
  const inserts = selected.filter((table) => !table.hasIdentity);
  const wanted = { whole, inserts };
  const statements = [
    ...sides.flatMap((side) => drops(names[side], now[side], wanted[side])),
    ...sides.flatMap((side) => settings(side, now[side])),
    ...sides.flatMap((side) => additions(side, names[side], now[side], wanted[side])),
  ];
  return { statements, warnings: inserts.length === 0 ? [] : [keyless(inserts)] };
}

/**
 * The plan for a source that has a log. What the publications name is what was captured from the start.
 * @throws BanyanError SOURCE_TABLE_NEW when a table is named that they do not have
 */
export function planNext(
  names: PublicationPair<string>,
  now: PublicationPair<Publication | undefined>,
  selected: readonly SelectedTable[],
): PublicationPlan {
  const published = sides.flatMap((side) => now[side]?.tables ?? []);
  const fresh = selected.filter((table) => !published.some(({ oid }) => oid === table.oid));
  const named = fresh.filter((table) => table.named);
  if (named.length > 0) throw newTables(named);
  const left = selected.filter((table) => !fresh.includes(table));
  const within = (side: Side, table: SelectedTable): boolean =>
    now[side]?.tables.some(({ oid }) => oid === table.oid) ?? false;
  // Postgres refuses the application's updates of a published table that has lost its identity: stop publishing them.
  const lost = left.filter((table) => within('whole', table) && !table.hasIdentity);
  const gained = left.filter((table) => within('inserts', table) && table.hasIdentity);
  const keep = {
    whole: left.filter((table) => within('whole', table) && table.hasIdentity),
    inserts: left.filter((table) => within('inserts', table) || lost.includes(table)),
  };
  const statements = [
    ...sides.flatMap((side) => drops(names[side], now[side], keep[side])),
    ...sides.flatMap((side) => settings(side, now[side])),
    ...additions('inserts', names.inserts, now.inserts, keep.inserts).filter(({ optional }) => !optional),
  ];
  const warnings = [
    fresh.length > 0 &&
      `Not captured, because they came after the snapshot and need a backfill, which this version has not: ${list(fresh)}.`,
    keep.inserts.length > 0 && keyless(keep.inserts),
    gained.length > 0 &&
      `These have a replica identity now, but were captured for inserts only, and go on so: ${list(gained)}.`,
  ].filter((warning) => warning !== false);
  return { statements, warnings };
}

type Side = keyof PublicationPair<unknown>;
const sides: readonly Side[] = ['whole', 'inserts'];

/** @throws BanyanError SOURCE_PUBLICATION for a publication that cannot be made right by adding and removing tables */
export function checkPublication(publication: Publication | undefined): void {
  if (publication === undefined) return;
  const partial = publication.tables.filter((table) => table.partial);
  const wrong = publication.unbounded
    ? 'is for all tables or for a whole schema; Postgres would refuse updates of tables without a replica identity'
    : partial.length > 0
      ? `has a row filter or a column list for ${partial.map(fullName).join(', ')}`
      : undefined;
  if (wrong === undefined) return;
  const drop = `DROP PUBLICATION ${pg.escapeIdentifier(publication.name)};`;
  throw new BanyanError(
    'SOURCE_PUBLICATION',
    `The publication "${publication.name}" ${wrong}. Expected one that names its tables, whole. Run ${drop} so that ` +
      'it is made anew, or give this source another one by the option "publication".',
    { details: { publication: publication.name } },
  );
}

function settings(side: Side, now: Publication | undefined): PublicationStatement[] {
  if (now === undefined) return [];
  const right = now.viaRoot && now.publishes.join() === operations[side].join();
  return right ? [] : [must(`ALTER PUBLICATION ${pg.escapeIdentifier(now.name)} SET (${parameters(side)})`)];
}

function drops(
  name: string,
  now: Publication | undefined,
  wanted: readonly SelectedTable[],
): PublicationStatement[] {
  const surplus = now?.tables.filter(({ oid }) => !wanted.some((table) => table.oid === oid)) ?? [];
  if (surplus.length === 0) return [];
  return [
    must(`ALTER PUBLICATION ${pg.escapeIdentifier(name)} DROP TABLE ${surplus.map(reference).join(', ')}`),
  ];
}

function additions(
  side: Side,
  name: string,
  now: Publication | undefined,
  wanted: readonly SelectedTable[],
): PublicationStatement[] {
  const missing = wanted.filter(({ oid }) => !now?.tables.some((table) => table.oid === oid));
  const publication = pg.escapeIdentifier(name);
  const tables = missing.map(reference).join(', ');
  if (now !== undefined) {
    return missing.length === 0 ? [] : [must(`ALTER PUBLICATION ${publication} ADD TABLE ${tables}`)];
  }
  // Both are made from the start, even empty: pgoutput cannot read WAL from before its publication existed.
  const which = missing.length === 0 ? '' : ` FOR TABLE ${tables}`;
  return [
    {
      sql: `CREATE PUBLICATION ${publication}${which} WITH (${parameters(side)})`,
      optional: missing.length === 0,
    },
  ];
}

function must(sql: string): PublicationStatement {
  return { sql, optional: false };
}

function parameters(side: Side): string {
  return `publish = '${operations[side].join(', ')}', publish_via_partition_root = true`;
}

/** ONLY keeps tables that inherit from this one out; on a partitioned table it means nothing. */
function reference(table: Pick<PublishedTable, 'schema' | 'name' | 'partitioned'>): string {
  const name = `${pg.escapeIdentifier(table.schema)}.${pg.escapeIdentifier(table.name)}`;
  return table.partitioned ? name : `ONLY ${name}`;
}

function newTables(tables: readonly SelectedTable[]): BanyanError {
  return new BanyanError(
    'SOURCE_TABLE_NEW',
    `The option "tables" names ${list(tables)}, not captured when the snapshot was taken (the publications do not ` +
      'name them). To add a table to a log needs a backfill, which this version has not: take it out of the option, ' +
      'or begin a new change log with a new snapshot.',
    { details: { tables: tables.map(fullName) } },
  );
}

function keyless(tables: readonly SelectedTable[]): string {
  return (
    `Captured for inserts only, because they have no replica identity (no primary key): ${list(tables)}. ` +
    'Their updates, deletes and truncates are not captured.'
  );
}

function list(tables: readonly SelectedTable[]): string {
  return tables.map(fullName).join(', ');
}

function fullName(table: Pick<PublishedTable, 'schema' | 'name'>): string {
  return `${table.schema}.${table.name}`;
}
