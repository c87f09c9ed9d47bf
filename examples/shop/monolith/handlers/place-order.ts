import type pg from 'pg';
import { id, list, optionalDay, optionalText, text, wholeNumber } from '../checks.ts';
import { inTransaction } from '../database.ts';
import { HttpError, type Call } from '../http.ts';
import { customerOrStaff } from '../sign-in.ts';
import { audit } from './audit.ts';

interface Wanted {
  readonly sku: string;
  readonly quantity: number;
  readonly lineNo: number;
}

/** What the client is told of a new order. */
interface Placed {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly subtotal: string;
  readonly discount: string;
  readonly total: string;
  readonly placed_at: string;
}

/** Places an order: header, lines, stock and coupon in one transaction; the sums are written into the header last. */
export async function placeOrder(call: Call): Promise<Placed> {
  const { body, caller } = call;
  const customer = orderingCustomer(call);
  const wanted = wantedLines(body);
  const coupon = optionalText(body, 'coupon', 40)?.toUpperCase() ?? null;
  return inTransaction(call.db, async (client) => {
    const shipTo = await addressOf(client, customer, body['ship_to']);
    if (coupon !== null) await useCoupon(client, coupon);
    const order = await insertHeader(client, call, { customer, shipTo, coupon });
    // Stock is taken in the order of article numbers, everywhere, so that two orders never wait for each other.
    for (const line of wanted.toSorted((a, b) => (a.sku < b.sku ? -1 : 1)))
      await takeLine(client, order, line);
    await audit(client, caller, 'place order', { order, customer });
    return sumUp(client, order);
  });
}

/** Customers order for themselves; employees say for whom. */
function orderingCustomer({ body, caller }: Call): string {
  if (caller.kind === 'anonymous') return refuse(401, 'sign in first');
  const own = caller.kind === 'customer' && body['customer_id'] === undefined;
  const customer = own ? caller.id : id(body['customer_id'], 'customer_id');
  customerOrStaff(caller, customer);
  return customer;
}

function wantedLines(body: Call['body']): Wanted[] {
  const lines = list(body, 'lines', 100).map((line, index) => ({
    sku: text(line, 'sku', 40),
    quantity: wholeNumber(line, 'quantity', 1, 1000),
    lineNo: index + 1,
  }));
  const different = new Set(lines.map((line) => line.sku)).size;
  if (different !== lines.length) throw new HttpError(400, 'each product may be in one line only');
  return lines;
}

/** The address that the body names, or the customer's newest. */
async function addressOf(client: pg.ClientBase, customer: string, wanted: unknown): Promise<string> {
  const named = wanted === undefined || wanted === null ? null : id(wanted, 'ship_to');
  const { rows } = await client.query<{ id: string }>(
    `SELECT id FROM addresses WHERE customer_id = $1 AND ($2::bigint IS NULL OR id = $2)
      ORDER BY id DESC LIMIT 1`,
    [customer, named],
  );
  return rows[0]?.id ?? refuse(422, 'the customer has no such address');
}

function refuse(status: number, message: string): never {
  throw new HttpError(status, message);
}

async function useCoupon(client: pg.ClientBase, code: string): Promise<void> {
  const { rowCount } = await client.query(
    `UPDATE coupons SET uses = uses + 1
      WHERE code = $1 AND valid_from <= current_date AND coalesce(valid_until, 'infinity') >= current_date
        AND (max_uses IS NULL OR uses < max_uses)`,
    [code],
  );
  if (rowCount === 0) refuse(422, 'the coupon is unknown, not valid today or used up');
}

async function insertHeader(
  client: pg.ClientBase,
  { body, userAgent }: Call,
  { customer, shipTo, coupon }: { customer: string; shipTo: string; coupon: string | null },
): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO orders (customer_id, ship_to, coupon_code, note, wanted_on, client)
     VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
    [
      customer,
      shipTo,
      coupon,
      optionalText(body, 'note', 20_000),
      optionalDay(body, 'wanted_on'),
      userAgent === undefined ? null : JSON.stringify({ agent: userAgent }),
    ],
  );
  return rows[0]?.id ?? '';
}

/** Takes a line's quantity from the fullest warehouse at today's price. */
async function takeLine(client: pg.ClientBase, order: string, line: Wanted): Promise<void> {
  const taken = await client.query<{ warehouse: string }>(
    `UPDATE warehouse.stock SET quantity = quantity - $2
      WHERE (product_id, warehouse) = (
              SELECT product_id, warehouse FROM warehouse.stock WHERE product_id = $1 AND quantity >= $2
               ORDER BY quantity DESC, warehouse LIMIT 1 FOR UPDATE)
      RETURNING warehouse`,
    [line.sku, line.quantity],
  );
  const [stock] = taken.rows;
  if (!stock) return refuse(409, `${line.sku} is out of stock`);
  const { rowCount } = await client.query(
    `INSERT INTO order_lines (order_id, line_no, sku, warehouse, quantity, unit_price)
     SELECT $1, $2, sku, $4, $5, price FROM products WHERE sku = $3 AND active`,
    [order, line.lineNo, line.sku, stock.warehouse, line.quantity],
  );
  if (rowCount === 0) refuse(422, `${line.sku} is not sold any more`);
}

/** Total = subtotal - discount; a discount is never more than the subtotal. */
async function sumUp(client: pg.ClientBase, order: string): Promise<Placed> {
  const { rows } = await client.query<Placed>(
    `WITH sums AS (
       SELECT sum(quantity * unit_price) AS subtotal FROM order_lines WHERE order_id = $1
     ), reduced AS (
       SELECT s.subtotal, least(s.subtotal, coalesce(c.amount, round(s.subtotal * c.percent / 100, 2), 0)) AS discount
         FROM sums s, orders o LEFT JOIN coupons c ON c.code = o.coupon_code WHERE o.id = $1
     )
     UPDATE orders SET subtotal = r.subtotal, discount = r.discount, total = r.subtotal - r.discount
       FROM reduced r WHERE orders.id = $1
     RETURNING orders.id, number, status, orders.subtotal, orders.discount, total, placed_at`,
    [order],
  );
  return rows[0] ?? refuse(500, 'the order was lost');
}
