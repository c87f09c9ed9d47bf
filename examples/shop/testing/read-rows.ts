import type { Table, Tables } from 'banyan/cdc';
import type { GivenRows } from 'banyan/testing';
import { openDatabase } from '../monolith/database.ts';

/** All rows of the declared tables as they are in a database now, in key order. */
export async function readRows<T extends Tables>(databaseUrl: string, declared: T): Promise<GivenRows<T>> {
  const db = openDatabase(databaseUrl, 1);
  try {
    const found: Record<string, unknown[]> = {};
    for (const [short, table] of Object.entries(declared.tables))
      found[short] = (await db.query<Record<string, unknown>>(selectAll(table))).rows;
    return found as unknown as GivenRows<T>;
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
