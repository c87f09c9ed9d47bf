import {
  id,
  money,
  object,
  optionalDay,
  optionalText,
  pageSize,
  text,
  texts,
  wholeNumber,
} from '../checks.ts';
import { inTransaction } from '../database.ts';
import { created, HttpError, ok, route, type Call } from '../http.ts';
import { staffOnly } from '../sign-in.ts';
import { audit } from './audit.ts';

async function browse({ db, query }: Call): Promise<unknown> {
  const category = query.get('category');
  const { rows } = await db.query(
    `SELECT sku, name, price, category_id, keywords FROM products
      WHERE active AND sku > $1 AND ($2::integer IS NULL OR category_id = $2) ORDER BY sku LIMIT $3`,
    [query.get('after') ?? '', category === null ? null : id(category, 'category'), pageSize(query)],
  );
  return { products: rows };
}

async function show({ db, parameters }: Call): Promise<unknown> {
  const { rows } = await db.query(
    `SELECT p.sku, p.gtin, p.category_id, p.name, p.description, p.price, p.weight_kg, p.attributes,
            p.keywords, p.active, p.released_on,
            (SELECT coalesce(jsonb_object_agg(warehouse, quantity), '{}') FROM warehouse.stock
              WHERE product_id = p.sku) AS stock,
            (SELECT round(avg(stars), 2) FROM reviews r WHERE r.sku = p.sku) AS stars
       FROM products p WHERE p.sku = $1`,
    [parameters['sku']],
  );
  return rows[0] ?? noProduct();
}

function noProduct(): never {
  throw new HttpError(404, 'there is no such product');
}

async function list(call: Call): Promise<{ sku: string }> {
  staffOnly(call.caller);
  const { body } = call;
  const sku = text(body, 'sku', 40);
  const fields = [
    sku,
    wholeNumber(body, 'category_id', 1, 2 ** 31 - 1),
    text(body, 'name'),
    optionalText(body, 'description', 100_000) ?? '',
    money(body, 'price'),
    JSON.stringify(body['attributes'] === undefined ? {} : object(body, 'attributes')),
    texts(body, 'keywords'),
    optionalDay(body, 'released_on'),
  ];
  return inTransaction(call.db, async (client) => {
    const { rowCount } = await client.query(
      `INSERT INTO products (sku, category_id, name, description, price, attributes, keywords, released_on)
       SELECT $1, c.id, $3, $4, $5, $6, $7, $8 FROM categories c WHERE c.id = $2
       ON CONFLICT (sku) DO NOTHING`,
      fields,
    );
    if (rowCount === 0) throw new HttpError(409, 'the product exists, or its category does not');
    await audit(client, call.caller, 'list product', { sku });
    return { sku };
  });
}

async function reprice(call: Call): Promise<unknown> {
  staffOnly(call.caller);
  const price = money(call.body, 'price');
  return inTransaction(call.db, async (client) => {
    const { rows } = await client.query<{ sku: string; price: string }>(
      'UPDATE products SET price = $2, updated_at = now() WHERE sku = $1 RETURNING sku, price',
      [call.parameters['sku'], price],
    );
    await audit(client, call.caller, 'change price', { sku: call.parameters['sku'], price });
    return rows[0] ?? noProduct();
  });
}

async function discontinue(call: Call): Promise<unknown> {
  staffOnly(call.caller);
  const { rows } = await call.db.query(
    'UPDATE products SET active = false, updated_at = now() WHERE sku = $1 RETURNING sku, active',
    [call.parameters['sku']],
  );
  return rows[0] ?? noProduct();
}

async function restock(call: Call): Promise<unknown> {
  staffOnly(call.caller);
  const { rows } = await call.db.query(
    `INSERT INTO warehouse.stock AS s (product_id, warehouse, quantity, counted_on)
     SELECT sku, $2, $3, current_date FROM products WHERE sku = $1
     ON CONFLICT (product_id, warehouse)
     DO UPDATE SET quantity = s.quantity + excluded.quantity, counted_on = current_date
     RETURNING product_id AS sku, warehouse, quantity`,
    [
      call.parameters['sku'],
      text(call.body, 'warehouse', 20),
      wholeNumber(call.body, 'quantity', 1, 1_000_000),
    ],
  );
  return rows[0] ?? noProduct();
}

export const catalogueRoutes = [
  route('GET /api/categories', async ({ db }) => {
    const { rows } = await db.query('SELECT id, parent_id, name FROM categories ORDER BY rank, id');
    return ok({ categories: rows });
  }),
  route('GET /api/products', async (call) => ok(await browse(call))),
  route('GET /api/products/{sku}', async (call) => ok(await show(call))),
  route('POST /api/products', async (call) => created(await list(call))),
  route('PUT /api/products/{sku}/price', async (call) => ok(await reprice(call))),
  route('POST /api/products/{sku}/discontinue', async (call) => ok(await discontinue(call))),
  route('POST /api/products/{sku}/stock', async (call) => ok(await restock(call))),
];
