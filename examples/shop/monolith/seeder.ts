import type pg from 'pg';
import { inTransaction, openDatabase } from './database.ts';
import { Random } from './random.ts';
import { createSchema } from './schema.ts';
import { seedOrders, type SeedOrder } from './seed-orders.ts';
import * as rows from './seed-rows.ts';

/** What to seed. The same options give the same rows on any machine. */
export interface SeedOptions extends rows.SeedSize {
  /** Seeds the source of chance. Default 1. */
  readonly seed?: number;
}

/** Sizes by name. */
export const sizes = {
  small: { customers: 50, products: 40, orders: 200 },
  medium: { customers: 1_000, products: 400, orders: 10_000 },
  large: { customers: 20_000, products: 4_000, orders: 200_000 },
} as const satisfies Record<string, rows.SeedSize>;

/** The size for a number of orders. */
export function sizeFor(orders: number): rows.SeedSize {
  const within = (value: number, most: number): number => Math.min(most, Math.max(10, Math.ceil(value)));
  return { orders, customers: within(orders / 10, 100_000), products: within(orders / 25, 5_000) };
}

/**
 * Fills the shop's database, creating its tables first; all of it or nothing.
 * @throws Error when the shop has customers already
 */
export async function seed(databaseUrl: string, options: SeedOptions): Promise<void> {
  const db = openDatabase(databaseUrl, 1);
  try {
    const client = await db.connect();
    await createSchema(client).finally(() => client.release());
    await inTransaction(db, (transaction) => fill(transaction, options));
  } finally {
    await db.end();
  }
}

async function fill(client: pg.ClientBase, options: SeedOptions): Promise<void> {
  const there = await client.query('SELECT FROM customers LIMIT 1');
  if (there.rowCount !== 0) throw new Error('The shop has customers already: seed an empty database.');
  const random = new Random(options.seed ?? 1);
  const { customers, orders } = options;
  const products = rows.seedProducts(random, options.products);
  await insert(client, 'customers', rows.customerRows(random, customers));
  await insert(client, 'addresses', rows.addressRows(random, customers));
  await insert(client, 'accounts', rows.accountRows(random, customers));
  await insert(client, 'categories', rows.categoryRows());
  await insert(client, 'products', rows.productRows(random, products));
  await insert(client, 'warehouse.stock', rows.stockRows(random, products));
  await insert(client, 'coupons', rows.couponRows());
  await insert(client, '"GiftCards"', rows.giftCardRows(random, customers));
  await insert(client, 'reviews', rows.reviewRows(random, products, customers));
  for (const batch of batches(seedOrders(random, orders, customers, products), 500))
    await insertOrders(client, batch);
  await client.query(
    `UPDATE coupons c SET uses = (SELECT count(*) FROM orders o
                                   WHERE o.coupon_code = c.code AND o.status <> 'cancelled')`,
  );
  await continueNumbers(client);
}

async function insertOrders(client: pg.ClientBase, batch: readonly SeedOrder[]): Promise<void> {
  await insert(
    client,
    'orders',
    batch.map((one) => one.order),
  );
  await insert(
    client,
    'order_lines',
    batch.flatMap((one) => one.lines),
  );
  await insert(
    client,
    'billing.payments',
    batch.flatMap((one) => one.payments),
  );
  await insert(
    client,
    'shipments',
    batch.flatMap((one) => one.shipments),
  );
  await insert(
    client,
    'audit_trail',
    batch.flatMap((one) => one.audit),
  );
}

/** Many rows a statement, as one JSON parameter: about as fast as COPY, with every type converted by Postgres. */
async function insert(client: pg.ClientBase, table: string, all: Iterable<rows.SeedRow>): Promise<void> {
  for (const batch of batches(all, 1_000))
    await client.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1)`, [
      JSON.stringify(batch),
    ]);
}

function* batches<Item>(items: Iterable<Item>, size: number): Generator<Item[]> {
  let batch: Item[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The next row of each table gets the number behind the seeded ones. */
async function continueNumbers(client: pg.ClientBase): Promise<void> {
  for (const table of ['customers', 'addresses', 'categories', 'orders', 'shipments'])
    await client.query(
      `SELECT setval(pg_get_serial_sequence('${table}', 'id'), coalesce(max(id), 0) + 1, false) FROM ${table}`,
    );
}
