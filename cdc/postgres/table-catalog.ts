import type pg from 'pg';

/** A relation of the database, as far as capturing it needs to know. */
export interface CatalogTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** `schema.table`, unquoted. */
  readonly fullName: string;
  /** Why it cannot be captured, in words; undefined when it can. */
  readonly unfit: string | undefined;
  readonly partitioned: boolean;
  /**
   * Whether updates and deletes of it can be published without Postgres refusing them to the application: the
   * replica identity is a primary key, an index, or FULL, in all of its partitions too.
   */
  readonly hasIdentity: boolean;
  readonly readable: boolean;
  /** The planner's estimate of its rows; undefined when it was never analysed. */
  readonly estimatedRows: number | undefined;
}

/** A column of a captured table: generated ones are not, since pgoutput leaves them out. */
export interface CatalogColumn {
  readonly name: string;
  readonly typeOid: number;
  /** Part of the replica identity; under FULL, of the primary key. */
  readonly isKey: boolean;
}

interface TableRow {
  oid: number;
  nspname: string;
  relname: string;
  relkind: string;
  relpersistence: string;
  parent: string | null;
  has_identity: boolean;
  readable: boolean;
  estimate: string;
}

/**
 * An identity is usable when it is what Postgres itself would use: a valid, immediate primary key (default), a marked
 * index, or FULL. A partitioned table must have a primary key, because a partition that is added later gets that key
 * and no other identity, and each of its partitions must have an identity.
 */
const identity = `
  CASE c.relreplident
    WHEN 'd' THEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate)
    WHEN 'i' THEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident AND i.indimmediate)
    ELSE c.relreplident = 'f' END`;

const tablesSql = `
  WITH found AS (
    SELECT c.*, n.nspname, ${identity} AS own_identity,
           EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate) AS has_key
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)')
  SELECT f.oid, f.nspname, f.relname, f.relkind::text, f.relpersistence::text,
         (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE f.relispartition AND i.inhrelid = f.oid) AS parent,
         CASE f.relkind WHEN 'p' THEN f.has_key AND NOT EXISTS (
             SELECT FROM pg_partition_tree(f.oid) t JOIN found l ON l.oid = t.relid WHERE t.isleaf AND NOT l.own_identity)
           ELSE f.own_identity END AS has_identity,
         has_schema_privilege(f.relnamespace, 'USAGE') AND has_table_privilege(f.oid, 'SELECT') AS readable,
         CASE f.relkind WHEN 'p' THEN (
             SELECT CASE WHEN bool_or(l.reltuples < 0) THEN -1 ELSE coalesce(sum(l.reltuples), 0) END
             FROM pg_partition_tree(f.oid) t JOIN found l ON l.oid = t.relid WHERE t.isleaf)
           ELSE f.reltuples END AS estimate
  FROM found f ORDER BY f.nspname COLLATE "C", f.relname COLLATE "C"`;

/** All relations of the database that somebody could mean. */
export async function readTables(client: pg.ClientBase): Promise<CatalogTable[]> {
  const { rows } = await client.query<TableRow>(tablesSql);
  return rows.map((row) => ({
    oid: row.oid,
    schema: row.nspname,
    name: row.relname,
    fullName: `${row.nspname}.${row.relname}`,
    unfit: unfit(row),
    partitioned: row.relkind === 'p',
    hasIdentity: row.has_identity,
    readable: row.readable,
    estimatedRows: Number(row.estimate) < 0 ? undefined : Number(row.estimate),
  }));
}

function unfit(row: TableRow): string | undefined {
  if (row.parent !== null) return `is a partition: name ${row.parent}, whose changes include its own`;
  if (row.relkind === 'v') return 'is a view';
  if (row.relkind === 'm') return 'is a materialized view';
  if (row.relkind === 'f') return 'is a foreign table';
  if (row.relpersistence === 'u') return 'is unlogged, so that its changes are not in the WAL';
  if (row.relpersistence === 't') return 'is temporary';
  return undefined;
}

interface ColumnRow {
  table: number;
  attname: string;
  atttypid: number;
  is_key: boolean;
}

/** The columns of tables, in their order, by the table's OID. */
export async function readColumns(
  client: pg.ClientBase,
  tables: readonly number[],
): Promise<Map<number, CatalogColumn[]>> {
  const { rows } = await client.query<ColumnRow>(
    `SELECT a.attrelid AS table, a.attname, a.atttypid, EXISTS (
         SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND (i.indimmediate OR c.relreplident = 'f') AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
           AND CASE c.relreplident WHEN 'i' THEN i.indisreplident WHEN 'n' THEN false ELSE i.indisprimary END) AS is_key
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     ORDER BY a.attrelid, a.attnum`,
    [tables],
  );
  const columns = new Map<number, CatalogColumn[]>(tables.map((oid) => [oid, []]));
  for (const row of rows) {
    columns.get(row.table)?.push({ name: row.attname, typeOid: row.atttypid, isKey: row.is_key });
  }
  return columns;
}
