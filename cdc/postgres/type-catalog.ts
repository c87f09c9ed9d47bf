import type pg from 'pg';
import type { ValueType } from '../values.ts';

interface TypeRow {
  oid: number;
  typname: string;
  nspname: string;
  base: number;
  /** The element's, for a true array; 0 otherwise. */
  element: number;
  delimiter: string;
}

/**
 * Types by OID, read from `pg_type` when asked for and kept. A type that is gone (dropped after the change that has
 * it) is kept as text.
 */
export class TypeCatalog {
  private readonly rows = new Map<number, TypeRow>();

  /** Whether the type, and what it is made of, has been read. */
  has(oid: number): boolean {
    const row = this.rows.get(oid);
    if (row === undefined) return false;
    const inner = row.base || row.element;
    return inner === 0 || this.has(inner);
  }

  /** Reads what is missing of these types. */
  async load(client: pg.ClientBase, oids: Iterable<number>): Promise<void> {
    let missing = [...new Set(oids)].filter((oid) => oid !== 0 && !this.has(oid));
    while (missing.length > 0) {
      // A true array is the type that its element names as its array (int2vector, say, only looks like one).
      const { rows } = await client.query<TypeRow>(
        `SELECT t.oid, t.typname, n.nspname, t.typbasetype AS base,
                coalesce(e.oid, 0)::oid AS element, coalesce(e.typdelim, ',')::text AS delimiter
         FROM pg_catalog.pg_type t
         JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
         LEFT JOIN pg_catalog.pg_type e ON e.typarray = t.oid
         WHERE t.oid = ANY($1::oid[])`,
        [missing],
      );
      for (const row of rows) this.rows.set(row.oid, row);
      for (const oid of missing) if (!this.rows.has(oid)) this.rows.set(oid, gone(oid));
      missing = rows.map((row) => row.base || row.element).filter((oid) => oid !== 0 && !this.rows.has(oid));
    }
  }

  /** The OID of the type that a loaded one is made of, through domains and arrays. */
  innermost(oid: number): number {
    const row = this.rows.get(oid);
    const inner = row === undefined ? 0 : row.base || row.element;
    return inner === 0 ? oid : this.innermost(inner);
  }

  /** The type, which must have been loaded. */
  typeOf(oid: number): ValueType {
    const row = this.rows.get(oid) ?? gone(oid);
    if (row.base !== 0) return this.typeOf(row.base);
    if (row.element === 0) {
      return { kind: row.nspname === 'pg_catalog' ? 'builtIn' : 'text', name: row.typname };
    }
    const element = this.typeOf(row.element);
    return { kind: 'array', name: `_${element.name}`, element, delimiter: row.delimiter };
  }
}

function gone(oid: number): TypeRow {
  return { oid, typname: `unknown_${String(oid)}`, nspname: '', base: 0, element: 0, delimiter: ',' };
}
