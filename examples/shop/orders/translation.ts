import type { RowOf } from 'banyan/cdc';
import { became, changed, translation, type NewEvent, type Transaction } from 'banyan/events';
import { shop } from '../tables.ts';
import * as events from './events.ts';

type Order = RowOf<typeof shop.tables.orders>;
type Tx = Transaction<typeof shop>;

/** What the shop's rows of orders, lines, payments and shipments mean. */
export const orders = translation('orders', shop, {
  version: 1,
  lookups: {
    orders: 'id',
    order_lines: 'order_id',
    payments: 'order_id',
    products: 'sku',
    shipments: 'order_id',
  },
  *translate(tx) {
    for (const order of tx.existing('orders')) yield* found(tx, order);
    // The shop inserts the header first and the sums last: the row as of the end of the transaction has them.
    for (const { id } of tx.inserted('orders')) {
      const order = tx.row('orders', id);
      if (order) yield* placed(tx, order);
    }
    for (const { after } of tx.updated('orders').filter(changed('note')))
      yield events.OrderAnnotated({ orderId: after.id, note: after.note });
    for (const { after } of tx.updated('orders').filter(became('status', 'paid'))) yield* paid(tx, after);
    for (const { after } of tx.updated('orders').filter(became('status', 'shipped')))
      yield* shipped(tx, after);
    for (const { after } of tx.updated('orders').filter(became('status', 'cancelled')))
      yield* cancelled(after);
  },
});

/** An order that was there before us: all that happened to it, as far as its row still tells. */
function* found(tx: Tx, order: Order): Generator<NewEvent> {
  yield* placed(tx, order);
  yield* paid(tx, order);
  yield* shipped(tx, order);
  yield* cancelled(order);
}

function* placed(tx: Tx, order: Order): Generator<NewEvent> {
  const lines = tx.rows('order_lines', { order_id: order.id }).map((line) => ({
    sku: line.sku,
    name: tx.row('products', line.sku)?.name ?? null,
    quantity: line.quantity,
    unitPrice: line.unit_price,
  }));
  yield events.OrderPlaced({
    orderId: order.id,
    number: order.number,
    customerId: order.customer_id,
    lines: [...lines],
    couponCode: order.coupon_code,
    subtotal: order.subtotal,
    discount: order.discount,
    currency: order.currency,
    placedAt: order.placed_at,
  });
  if (order.note !== null) yield events.OrderAnnotated({ orderId: order.id, note: order.note });
}

function* paid(tx: Tx, { id, paid_at: paidAt }: Order): Generator<NewEvent> {
  if (paidAt === null) return;
  const [payment] = tx.rows('payments', { order_id: id });
  yield events.OrderPaid({ orderId: id, method: payment?.method ?? null, paidAt });
}

function* shipped(tx: Tx, { id, shipped_at: shippedAt }: Order): Generator<NewEvent> {
  if (shippedAt === null) return;
  const [shipment] = tx.rows('shipments', { order_id: id });
  const { carrier = null, tracking = null } = shipment ?? {};
  yield events.OrderShipped({ orderId: id, carrier, tracking, shippedAt });
}

function* cancelled({ id, cancelled_at: cancelledAt }: Order): Generator<NewEvent> {
  if (cancelledAt !== null) yield events.OrderCancelled({ orderId: id, cancelledAt });
}
