import { beforeAll, expect, test } from '@jest/globals';
import type { NewEvent, Translation } from 'banyan/events';
import { projected, translated, type GivenRows } from 'banyan/testing';
import { testDatabase } from '../../kit/test-database.ts';
import { category, productPage } from './catalogue/product-page.ts';
import { catalogue } from './catalogue/translation.ts';
import { customerProfile } from './customers/customer-profile.ts';
import { customers } from './customers/translation.ts';
import { openDatabase } from './monolith/database.ts';
import { seed } from './monolith/seeder.ts';
import { customerCard } from './orders/customer-card.ts';
import { orderSummary } from './orders/order-summary.ts';
import { orders } from './orders/translation.ts';
import { shop } from './tables.ts';
import { readRows } from './testing/read-rows.ts';

let databaseUrl: string;
let rows: GivenRows<typeof shop>;

beforeAll(async () => {
  databaseUrl = await testDatabase('shop_views');
  await seed(databaseUrl, { customers: 30, products: 20, orders: 250 });
  rows = await readRows(databaseUrl, shop);
});

/** The events of a snapshot of the seeded shop. */
function found(translation: Translation): NewEvent[] {
  return translated(translation, shop, [{ existing: rows }]).flat();
}

async function ask(sql: string): Promise<unknown[]> {
  const db = openDatabase(databaseUrl, 1);
  const answered = await db.query<{ asked: unknown }>(`SELECT asked FROM (${sql}) AS answer(asked)`);
  await db.end();
  return answered.rows.map((row) => row.asked);
}

test('order summaries say what the tables say', async () => {
  const summaries = [...projected(orderSummary, found(orders)).documents.values()] as {
    readonly [field: string]: unknown;
    readonly lines: readonly unknown[];
  }[];
  const told = summaries.map((one) => ({
    orderId: one['orderId'],
    status: one['status'],
    total: one['total'],
    lines: one.lines,
    note: one['note'],
    placedAt: one['placedAt'],
    cancelled: one['cancelledAt'] !== null,
  }));
  expect(told).toEqual(
    await ask(`
      SELECT json_build_object(
               'orderId', id::text, 'total', total::text, 'note', note,
               'status', CASE status WHEN 'new' THEN 'placed' ELSE status::text END,
               'lines', (SELECT json_agg(json_build_object('sku', sku, 'name', p.name, 'quantity', quantity,
                                'unitPrice', unit_price::text) ORDER BY line_no)
                           FROM order_lines l JOIN products p USING (sku) WHERE l.order_id = o.id),
               'placedAt', to_char(placed_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
               'cancelled', cancelled_at IS NOT NULL)
        FROM orders o ORDER BY id::text COLLATE "C"`),
  );
});

test('customer cards name each customer and count the orders', async () => {
  const cards = projected(customerCard, [...found(customers), ...found(orders)]).documents;
  expect([...cards.values()]).toEqual(
    await ask(`
      SELECT json_build_object('customerId', c.id::text, 'name', name, 'orders', count(o.id))
        FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id ORDER BY c.id::text COLLATE "C"`),
  );
});

test('customer profiles hold the addresses', async () => {
  const profiles = [...projected(customerProfile, found(customers)).documents.values()];
  expect(profiles).toHaveLength(30);
  expect(profiles.map((one) => (one as { addresses: { city: string }[] }).addresses[0]?.city)).toEqual(
    await ask('SELECT city FROM addresses ORDER BY customer_id::text COLLATE "C"'),
  );
});

test('product pages show price, stock and opinions', async () => {
  const events = found(catalogue);
  const pages = [...projected(productPage, events).documents.values()] as Readonly<Record<string, unknown>>[];
  expect(
    pages.map(({ sku, price, stock, reviews, description }) => ({ sku, price, stock, reviews, description })),
  ).toEqual(
    await ask(`
      SELECT json_build_object('sku', sku, 'price', price::text, 'description', description,
               'stock', (SELECT json_object_agg(warehouse, quantity) FROM warehouse.stock WHERE product_id = sku),
               'reviews', (SELECT json_build_object('count', count(*), 'stars', sum(stars))
                             FROM reviews r WHERE r.sku = p.sku))
        FROM products p ORDER BY sku COLLATE "C"`),
  );
  expect(projected(category, events).documents.size).toBe(12);
});
