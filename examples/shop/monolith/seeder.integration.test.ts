import { expect, test } from '@jest/globals';
import { testDatabase } from '../../../kit/test-database.ts';
import { inconsistencies } from './books.ts';
import { openDatabase } from './database.ts';
import { seed, sizeFor } from './seeder.ts';

const size = { customers: 20, products: 25, orders: 300 };

async function seeded(options: Parameters<typeof seed>[1]): Promise<{ url: string; digest: string }> {
  const url = await testDatabase('shop_seed');
  await seed(url, options);
  return { url, digest: await digestOf(url) };
}

/** One line a table: how many rows, and a digest of all of them. */
async function digestOf(url: string): Promise<string> {
  const db = openDatabase(url, 1);
  try {
    const { rows: tables } = await db.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    );
    const lines: string[] = [];
    for (const { name } of tables) {
      const { rows } = await db.query<{ line: string }>(
        `SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') AS line FROM ${name} t`,
      );
      lines.push(`${name} ${rows[0]?.line ?? ''}`);
    }
    return lines.join('\n');
  } finally {
    await db.end();
  }
}

test('the same seed gives the same rows, another one others', async () => {
  const [one, same, other] = [await seeded(size), await seeded(size), await seeded({ ...size, seed: 2 })];
  expect(same.digest).toBe(one.digest);
  expect(other.digest).not.toBe(one.digest);
});

test('the books of a seeded shop add up, and it is as varied as a shop', async () => {
  const { url } = await seeded(size);
  expect(await inconsistencies(url)).toEqual([]);
  const db = openDatabase(url, 1);
  const { rows } = await db.query(
    `SELECT (SELECT count(DISTINCT status)::int FROM orders) AS statuses,
            (SELECT count(*) > 20 FROM orders WHERE discount > 0) AS coupons,
            (SELECT bool_or(pg_column_size(description) > 2000) FROM products) AS toast,
            (SELECT count(*)::int FROM "GiftCards") AS cards,
            (SELECT bool_or(cardinality(parcel_kg) > 1) FROM shipments) AS parcels,
            nextval(pg_get_serial_sequence('orders', 'id'))::int AS next_order`,
  );
  await db.end();
  expect(rows).toEqual([
    { statuses: 4, coupons: true, toast: true, cards: 1, parcels: true, next_order: 301 },
  ]);
});

test('a shop with customers is not seeded again', async () => {
  const { url, digest } = await seeded({ customers: 2, products: 2, orders: 2 });
  await expect(seed(url, size)).rejects.toThrow('seed an empty database');
  expect(await digestOf(url)).toBe(digest);
});

test('a size follows from a number of orders', () => {
  expect(sizeFor(10_000)).toEqual({ orders: 10_000, customers: 1_000, products: 400 });
  expect(sizeFor(1)).toEqual({ orders: 1, customers: 10, products: 10 });
});
