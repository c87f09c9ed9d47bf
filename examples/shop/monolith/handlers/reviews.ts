import { optionalText, pageSize, wholeNumber } from '../checks.ts';
import { created, HttpError, ok, route, type Call } from '../http.ts';

function reviewer({ caller }: Call): string {
  if (caller.kind === 'customer') return caller.id;
  throw new HttpError(caller.kind === 'staff' ? 403 : 401, 'only a signed-in customer reviews a product');
}

async function review(call: Call): Promise<unknown> {
  const { rows } = await call.db.query(
    `INSERT INTO reviews (sku, customer_id, stars, body)
     SELECT sku, $2, $3, $4 FROM products WHERE sku = $1
     ON CONFLICT (sku, customer_id)
     DO UPDATE SET stars = excluded.stars, body = excluded.body, written_at = now()
     RETURNING sku, customer_id, stars`,
    [
      call.parameters['sku'],
      reviewer(call),
      wholeNumber(call.body, 'stars', 1, 5),
      optionalText(call.body, 'body', 20_000),
    ],
  );
  if (rows.length === 0) throw new HttpError(404, 'there is no such product');
  return rows[0];
}

async function takeBack(call: Call): Promise<unknown> {
  const { rows } = await call.db.query(
    'DELETE FROM reviews WHERE sku = $1 AND customer_id = $2 RETURNING sku, customer_id',
    [call.parameters['sku'], reviewer(call)],
  );
  if (rows.length === 0) throw new HttpError(404, 'there is no review of yours');
  return rows[0];
}

async function reviews({ db, parameters, query }: Call): Promise<unknown> {
  const { rows } = await db.query(
    `SELECT customer_id, stars, body, written_at FROM reviews WHERE sku = $1
      ORDER BY written_at DESC LIMIT $2`,
    [parameters['sku'], pageSize(query)],
  );
  return { reviews: rows };
}

export const reviewRoutes = [
  route('GET /api/products/{sku}/reviews', async (call) => ok(await reviews(call))),
  route('POST /api/products/{sku}/reviews', async (call) => created(await review(call))),
  route('DELETE /api/products/{sku}/reviews', async (call) => ok(await takeBack(call))),
];
