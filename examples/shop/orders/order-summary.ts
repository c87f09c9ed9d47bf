import { decimal, timestamp } from 'banyan/events';
import { projection } from 'banyan/projections';
import { z } from 'zod';
import { minus } from '../money.ts';
import { OrderAnnotated, OrderCancelled, OrderLine, OrderPaid, OrderPlaced, OrderShipped } from './events.ts';

const OrderSummary = z.object({
  orderId: z.string(),
  number: z.uuid(),
  customerId: z.string(),
  status: z.enum(['placed', 'paid', 'shipped', 'cancelled']),
  lines: z.array(OrderLine),
  couponCode: z.string().nullable(),
  subtotal: decimal(),
  discount: decimal(),
  /** What the customer pays. */
  total: decimal(),
  currency: z.string(),
  note: z.string().nullable(),
  placedAt: timestamp(),
  paid: z.object({ at: timestamp(), method: z.string().nullable() }).nullable(),
  shipped: z
    .object({ at: timestamp(), carrier: z.string().nullable(), tracking: z.string().nullable() })
    .nullable(),
  cancelledAt: timestamp().nullable(),
});

/** An order as its customer sees it. */
export const orderSummary = projection('order-summary', OrderSummary)
  .on(OrderPlaced, {
    key: (e) => e.orderId,
    apply: (_, e) => ({
      ...e,
      total: minus(e.subtotal, e.discount),
      status: 'placed',
      note: null,
      paid: null,
      shipped: null,
      cancelledAt: null,
    }),
  })
  .on(OrderAnnotated, { key: (e) => e.orderId, apply: (order, e) => order && { ...order, note: e.note } })
  .on(OrderPaid, {
    key: (e) => e.orderId,
    apply: (order, e) => order && { ...order, status: 'paid', paid: { at: e.paidAt, method: e.method } },
  })
  .on(OrderShipped, {
    key: (e) => e.orderId,
    apply: (order, { shippedAt, carrier, tracking }) =>
      order && { ...order, status: 'shipped', shipped: { at: shippedAt, carrier, tracking } },
  })
  .on(OrderCancelled, {
    key: (e) => e.orderId,
    apply: (order, e) => order && { ...order, status: 'cancelled', cancelledAt: e.cancelledAt },
  })
  .index('byCustomer', { partition: (order) => order.customerId, sort: (order) => order.placedAt });
