import type pg from 'pg';
import { id, object, pageSize, text, texts } from '../checks.ts';
import { inTransaction } from '../database.ts';
import { created, HttpError, ok, route, type Call } from '../http.ts';
import { customerOrStaff } from '../sign-in.ts';
import { audit } from './audit.ts';

/** The customer that the path names, for callers who may see it. */
function customerOf({ parameters, caller }: Call): string {
  const customer = id(parameters['id'], 'the customer');
  customerOrStaff(caller, customer);
  return customer;
}

/** Inserts the address of a body's `address` field. */
export async function insertAddress(
  client: pg.ClientBase,
  customer: string,
  body: Readonly<Record<string, unknown>>,
): Promise<string> {
  const address = object(body, 'address');
  const country = text(address, 'country', 2).toUpperCase();
  if (country.length !== 2) throw new HttpError(400, 'country must be a code of two letters');
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO addresses (customer_id, street, postcode, city, country)
     VALUES ($1, $2, $3, $4, $5) RETURNING id`,
    [customer, text(address, 'street'), text(address, 'postcode', 20), text(address, 'city'), country],
  );
  return rows[0]?.id ?? '';
}

async function show(call: Call): Promise<unknown> {
  const { rows } = await call.db.query(
    `SELECT c.id, c.external_id, c.email, c.name, c.born_on, c.tags, c.preferences, c.created_at,
            (SELECT coalesce(jsonb_agg(jsonb_build_object('id', a.id::text, 'street', a.street,
                     'postcode', a.postcode, 'city', a.city, 'country', a.country) ORDER BY a.id), '[]')
               FROM addresses a WHERE a.customer_id = c.id) AS addresses
       FROM customers c WHERE c.id = $1`,
    [customerOf(call)],
  );
  return rows[0] ?? noCustomer();
}

function noCustomer(): never {
  throw new HttpError(404, 'there is no such customer');
}

async function change(call: Call): Promise<unknown> {
  const customer = customerOf(call);
  const { body } = call;
  const name = body['name'] === undefined ? null : text(body, 'name');
  const tags = body['tags'] === undefined ? null : texts(body, 'tags');
  const preferences = body['preferences'] === undefined ? null : JSON.stringify(object(body, 'preferences'));
  return inTransaction(call.db, async (client) => {
    const { rows } = await client.query<{ id: string; name: string }>(
      `UPDATE customers SET name = coalesce($2, name), tags = coalesce($3, tags),
              preferences = preferences || coalesce($4::jsonb, '{}')
        WHERE id = $1 RETURNING id, name, tags, preferences`,
      [customer, name, tags, preferences],
    );
    await audit(client, call.caller, 'change customer', { customer });
    return rows[0] ?? noCustomer();
  });
}

async function addAddress(call: Call): Promise<{ id: string }> {
  const customer = customerOf(call);
  return inTransaction(call.db, async (client) => {
    const { rowCount } = await client.query('SELECT FROM customers WHERE id = $1', [customer]);
    if (rowCount === 0) return noCustomer();
    const address = await insertAddress(client, customer, call.body);
    await audit(client, call.caller, 'add address', { customer, address });
    return { id: address };
  });
}

/** Only a customer without a history can go; the books must keep the others. */
async function leave(call: Call): Promise<{ id: string }> {
  const customer = customerOf(call);
  return inTransaction(call.db, async (client) => {
    const { rowCount } = await client.query('SELECT FROM customers WHERE id = $1 FOR UPDATE', [customer]);
    if (rowCount === 0) return noCustomer();
    const { rows } = await client.query<{ kept: boolean }>(
      `SELECT EXISTS (SELECT FROM orders WHERE customer_id = $1)
           OR EXISTS (SELECT FROM "GiftCards" WHERE "issuedTo" = $1) AS kept`,
      [customer],
    );
    if (rows[0]?.kept === true) throw new HttpError(409, 'a customer with orders or gift cards must be kept');
    await client.query('DELETE FROM customers WHERE id = $1', [customer]);
    await audit(client, call.caller, 'delete customer', { customer });
    return { id: customer };
  });
}

async function orders(call: Call): Promise<unknown> {
  const customer = customerOf(call);
  const { rows } = await call.db.query(
    `SELECT id, number, status, subtotal, discount, total, currency, placed_at FROM orders
      WHERE customer_id = $1 ORDER BY placed_at DESC, id DESC LIMIT $2`,
    [customer, pageSize(call.query)],
  );
  return { orders: rows };
}

export const customerRoutes = [
  route('GET /api/customers/{id}', async (call) => ok(await show(call))),
  route('PATCH /api/customers/{id}', async (call) => ok(await change(call))),
  route('DELETE /api/customers/{id}', async (call) => ok(await leave(call))),
  route('POST /api/customers/{id}/addresses', async (call) => created(await addAddress(call))),
  route('GET /api/customers/{id}/orders', async (call) => ok(await orders(call))),
];
