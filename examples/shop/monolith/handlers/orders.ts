import type pg from 'pg';
import { id, oneOf, optionalText, text } from '../checks.ts';
import { inTransaction } from '../database.ts';
import { created, HttpError, ok, route, type Call } from '../http.ts';
import { customerOrStaff, staffOnly } from '../sign-in.ts';
import { audit } from './audit.ts';
import { placeOrder } from './place-order.ts';

type Status = 'new' | 'paid' | 'shipped' | 'cancelled';
interface Header {
  readonly id: string;
  readonly customer_id: string;
  readonly status: Status;
  readonly total: string;
  readonly coupon_code: string | null;
}

async function show({ db, parameters, caller }: Call): Promise<unknown> {
  const { rows } = await db.query<{ customer_id: string }>(
    `SELECT o.*, (SELECT jsonb_agg(jsonb_build_object('sku', l.sku, 'quantity', l.quantity,
                         'unit_price', l.unit_price::text) ORDER BY l.line_no)
                    FROM order_lines l WHERE l.order_id = o.id) AS lines
       FROM orders o WHERE o.id = $1`,
    [id(parameters['id'], 'the order')],
  );
  const [order] = rows;
  if (!order) throw new HttpError(404, 'there is no such order');
  customerOrStaff(caller, order.customer_id);
  return order;
}

/** Locks the order that the path names, for a caller who may change it, and asks for a status. */
async function lockOrder(client: pg.ClientBase, call: Call, allowed: readonly Status[]): Promise<Header> {
  const { rows } = await client.query<Header>(
    'SELECT id, customer_id, status, total, coupon_code FROM orders WHERE id = $1 FOR UPDATE',
    [id(call.parameters['id'], 'the order')],
  );
  const [order] = rows;
  if (!order) throw new HttpError(404, 'there is no such order');
  customerOrStaff(call.caller, order.customer_id);
  if (!allowed.includes(order.status)) throw new HttpError(409, `the order is ${order.status} already`);
  return order;
}

async function pay(call: Call): Promise<unknown> {
  const method = oneOf(call.body, 'method', ['card', 'transfer', 'gift-card']);
  const card = method === 'gift-card' ? text(call.body, 'card_number', 40) : null;
  return inTransaction(call.db, async (client) => {
    const order = await lockOrder(client, call, ['new']);
    if (card !== null) await takeFromCard(client, card, order);
    const receipt = Buffer.from(`paid ${order.total} by ${method}`);
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO billing.payments (order_id, method, amount, "cardNumber", receipt)
       VALUES ($1, $2, $3, $4, $5) RETURNING id`,
      [order.id, method, order.total, card, receipt],
    );
    await client.query(`UPDATE orders SET status = 'paid', paid_at = now() WHERE id = $1`, [order.id]);
    await audit(client, call.caller, 'pay order', { order: order.id, method });
    return { id: order.id, status: 'paid', payment_id: rows[0]?.id };
  });
}

async function takeFromCard(client: pg.ClientBase, card: string, order: Header): Promise<void> {
  const { rowCount } = await client.query(
    `UPDATE "GiftCards" SET balance = balance - $2
      WHERE "cardNumber" = $1 AND balance >= $2 AND coalesce("expiresOn", 'infinity') >= current_date
        AND coalesce("issuedTo", $3) = $3`,
    [card, order.total, order.customer_id],
  );
  if (rowCount === 0) throw new HttpError(422, 'the gift card is unknown, expired or has not enough on it');
}

async function ship(call: Call): Promise<unknown> {
  staffOnly(call.caller);
  const carrier = text(call.body, 'carrier', 40);
  const tracking = optionalText(call.body, 'tracking', 60);
  return inTransaction(call.db, async (client) => {
    const order = await lockOrder(client, call, ['paid']);
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO shipments (order_id, carrier, tracking, parcel_kg)
       SELECT $1, $2, $3, array_agg((l.quantity * coalesce(p.weight_kg, 0.1))::numeric(8,3) ORDER BY l.line_no)
         FROM order_lines l JOIN products p USING (sku) WHERE l.order_id = $1
       RETURNING id`,
      [order.id, carrier, tracking],
    );
    await client.query(`UPDATE orders SET status = 'shipped', shipped_at = now() WHERE id = $1`, [order.id]);
    await audit(client, call.caller, 'ship order', { order: order.id, carrier });
    return { id: order.id, status: 'shipped', shipment_id: rows[0]?.id };
  });
}

async function cancel(call: Call): Promise<unknown> {
  return inTransaction(call.db, async (client) => {
    const order = await lockOrder(client, call, ['new', 'paid']);
    if (order.coupon_code !== null)
      await client.query('UPDATE coupons SET uses = uses - 1 WHERE code = $1', [order.coupon_code]);
    await refund(client, order.id);
    await putBack(client, order.id);
    await client.query(`UPDATE orders SET status = 'cancelled', cancelled_at = now() WHERE id = $1`, [
      order.id,
    ]);
    await audit(client, call.caller, 'cancel order', { order: order.id });
    return { id: order.id, status: 'cancelled' };
  });
}

async function refund(client: pg.ClientBase, order: string): Promise<void> {
  await client.query(
    `UPDATE "GiftCards" g SET balance = g.balance + p.amount FROM billing.payments p
      WHERE p.order_id = $1 AND p.refunded_at IS NULL AND p."cardNumber" = g."cardNumber"`,
    [order],
  );
  await client.query(
    'UPDATE billing.payments SET refunded_at = now() WHERE order_id = $1 AND refunded_at IS NULL',
    [order],
  );
}

async function putBack(client: pg.ClientBase, order: string): Promise<void> {
  // Locked in the order of article numbers, as placing an order does.
  await client.query(
    `SELECT FROM warehouse.stock s JOIN order_lines l ON (s.product_id, s.warehouse) = (l.sku, l.warehouse)
      WHERE l.order_id = $1 ORDER BY s.product_id, s.warehouse FOR UPDATE OF s`,
    [order],
  );
  await client.query(
    `UPDATE warehouse.stock s SET quantity = s.quantity + l.quantity FROM order_lines l
      WHERE l.order_id = $1 AND (s.product_id, s.warehouse) = (l.sku, l.warehouse)`,
    [order],
  );
}

async function note(call: Call): Promise<unknown> {
  const written = optionalText(call.body, 'note', 20_000);
  return inTransaction(call.db, async (client) => {
    const order = await lockOrder(client, call, ['new', 'paid']);
    await client.query('UPDATE orders SET note = $2 WHERE id = $1', [order.id, written]);
    return { id: order.id, note: written };
  });
}

export const orderRoutes = [
  route('POST /api/orders', async (call) => created(await placeOrder(call))),
  route('GET /api/orders/{id}', async (call) => ok(await show(call))),
  route('POST /api/orders/{id}/pay', async (call) => ok(await pay(call))),
  route('POST /api/orders/{id}/ship', async (call) => ok(await ship(call))),
  route('POST /api/orders/{id}/cancel', async (call) => ok(await cancel(call))),
  route('PUT /api/orders/{id}/note', async (call) => ok(await note(call))),
];
