import { event } from 'banyan/events';
import { projection } from 'banyan/projections';
import { z } from 'zod';

/*
 * The view that `bench:replay` rebuilds, as its bundle: the workers import this module.
 */
const OrderPlaced = event(
  'OrderPlaced',
  z.object({
    orderId: z.string(),
    customerId: z.string(),
    total: z.string(),
    status: z.string(),
    lines: z.array(z.object({ sku: z.string(), quantity: z.int() })),
  }),
);

const OrderSummary = z.object({
  orderId: z.string(),
  customerId: z.string(),
  total: z.string(),
  status: z.string(),
  lines: z.int(),
  placed: z.int(),
  since: z.string(),
});

/** One document an order; an order placed again counts. */
export default projection('order-summary', OrderSummary).on(OrderPlaced, {
  key: (placed) => placed.orderId,
  apply: (document, { orderId, customerId, total, status, lines }, meta) => ({
    ...{ orderId, customerId, total, status, lines: lines.length },
    placed: (document?.placed ?? 0) + 1,
    since: document?.since ?? meta.committedAt,
  }),
});
