import { decimal, timestamp } from 'banyan/events';
import { reconciliation } from 'banyan/projections';
import { z } from 'zod';
import { customerCard } from './customer-card.ts';
import { orderSummary } from './order-summary.ts';

const OrderRow = z.object({
  number: z.uuid(),
  customer_id: z.string(),
  status: z.enum(['new', 'paid', 'shipped', 'cancelled']),
  coupon_code: z.string().nullable(),
  subtotal: decimal(),
  discount: decimal(),
  total: decimal(),
  currency: z.string(),
  note: z.string().nullable(),
  placed_at: timestamp(),
  paid_at: timestamp().nullable(),
  method: z.string().nullable(),
  shipped_at: timestamp().nullable(),
  carrier: z.string().nullable(),
  tracking: z.string().nullable(),
  cancelled_at: timestamp().nullable(),
});

/** Orders as the books have them; not their lines, which keep the names that products had when they were ordered. */
export const ordersInTheBooks = reconciliation(orderSummary, {
  source: 'shop',
  query: `
    SELECT o.id::text AS key, o.*, p.method, s.carrier, s.tracking
      FROM public.orders o
      LEFT JOIN LATERAL (SELECT method FROM billing.payments WHERE order_id = o.id
                          ORDER BY captured_at LIMIT 1) p ON o.paid_at IS NOT NULL
      LEFT JOIN LATERAL (SELECT carrier, tracking FROM public.shipments WHERE order_id = o.id
                          ORDER BY id LIMIT 1) s ON o.shipped_at IS NOT NULL`,
  row: OrderRow,
  document: ({ paid_at, shipped_at, ...row }, orderId) => ({
    orderId,
    number: row.number,
    customerId: row.customer_id,
    status: row.status === 'new' ? 'placed' : row.status,
    couponCode: row.coupon_code,
    subtotal: row.subtotal,
    discount: row.discount,
    total: row.total,
    currency: row.currency,
    note: row.note,
    placedAt: row.placed_at,
    paid: paid_at === null ? null : { at: paid_at, method: row.method },
    shipped: shipped_at === null ? null : { at: shipped_at, carrier: row.carrier, tracking: row.tracking },
    cancelledAt: row.cancelled_at,
  }),
});

export const customersInTheBooks = reconciliation(customerCard, {
  source: 'shop',
  fields: ['customerId', 'name', 'orders'],
  query: `
    SELECT c.id::text AS key, c.id AS "customerId", c.name, count(o.id)::int4 AS orders
      FROM public.customers c LEFT JOIN public.orders o ON o.customer_id = c.id GROUP BY c.id`,
});
