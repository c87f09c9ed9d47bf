import type pg from 'pg';
import { selectTables } from '../postgres/select-tables.ts';
import { readColumns, readTables } from '../postgres/table-catalog.ts';
import { TypeCatalog } from '../postgres/type-catalog.ts';
import type { ValueType } from '../values.ts';

/** A table as it is to be declared. */
export interface DeclaredTable {
  readonly schema: string;
  readonly name: string;
  readonly key: readonly string[];
  /** Whether its updates and deletes can be captured. */
  readonly hasIdentity: boolean;
  readonly columns: readonly DeclaredColumn[];
}

export interface DeclaredColumn {
  readonly name: string;
  readonly type: ValueType;
  /** The labels, when the type, or the element of the array, is an enum. */
  readonly labels: readonly string[] | undefined;
  /** As declared; Postgres does not hold arrays to it. 0 for what is no array, 1 for one. */
  readonly dimensions: number;
  readonly nullable: boolean;
}

interface FacetRow {
  table: number;
  attname: string;
  attndims: number;
  required: boolean;
}

/** Reads the declarations of the tables that the patterns select, in one look at the catalog. */
export async function readDeclarations(
  client: pg.ClientBase,
  wanted: { readonly tables: readonly string[]; readonly exclude: readonly string[] },
): Promise<DeclaredTable[]> {
  await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const selected = selectTables(await readTables(client), wanted);
  const oids = selected.map(({ oid }) => oid);
  const columns = await readColumns(client, oids);
  const types = new TypeCatalog();
  const typeOids = [...columns.values()].flat().map(({ typeOid }) => typeOid);
  await types.load(client, typeOids);
  const labels = await readLabels(client, [...new Set(typeOids.map((oid) => types.innermost(oid)))]);
  const facets = await readFacets(client, oids);
  await client.query('COMMIT');
  return selected.map((table) => {
    const own = columns.get(table.oid) ?? [];
    return {
      schema: table.schema,
      name: table.name,
      key: own.filter(({ isKey }) => isKey).map(({ name }) => name),
      hasIdentity: table.hasIdentity,
      columns: own.map(({ name, typeOid }) => {
        const facet = facets.find((one) => one.table === table.oid && one.attname === name);
        return {
          name,
          type: types.typeOf(typeOid),
          labels: labels.get(types.innermost(typeOid)),
          dimensions: facet?.attndims ?? 0,
          nullable: facet?.required !== true,
        };
      }),
    };
  });
}

async function readLabels(client: pg.ClientBase, oids: readonly number[]): Promise<Map<number, string[]>> {
  const { rows } = await client.query<{ type: number; labels: string[] }>(
    `SELECT enumtypid AS type, array_agg(enumlabel::text ORDER BY enumsortorder) AS labels
     FROM pg_enum WHERE enumtypid = ANY ($1::oid[]) GROUP BY enumtypid`,
    [oids],
  );
  return new Map(rows.map(({ type, labels }) => [type, labels]));
}

async function readFacets(client: pg.ClientBase, tables: readonly number[]): Promise<FacetRow[]> {
  const { rows } = await client.query<FacetRow>(
    `SELECT a.attrelid AS table, a.attname, a.attndims::int4, a.attnotnull OR t.typnotnull AS required
     FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
     WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped`,
    [tables],
  );
  return rows;
}
