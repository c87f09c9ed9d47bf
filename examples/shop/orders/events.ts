import { decimal, event, timestamp } from 'banyan/events';
import { z } from 'zod';

const orderId = z.string();

/** A line as it was ordered: the name and price of that moment. */
export const OrderLine = z.object({
  sku: z.string(),
  /** Null when the product is not in the books any more. */
  name: z.string().nullable(),
  quantity: z.int(),
  unitPrice: decimal(),
});

/** Published: a customer ordered. He owes the subtotal less the discount. */
export const OrderPlaced = event(
  'OrderPlaced',
  z.object({
    orderId,
    number: z.uuid(),
    customerId: z.string(),
    lines: z.array(OrderLine),
    couponCode: z.string().nullable(),
    /** The sum of the lines. */
    subtotal: decimal(),
    /** What the coupon takes off; 0.00 without one. */
    discount: decimal(),
    currency: z.string(),
    placedAt: timestamp(),
  }),
);
/** Published: the money came. */
export const OrderPaid = event(
  'OrderPaid',
  z.object({ orderId, method: z.string().nullable(), paidAt: timestamp() }),
);
/** Published: the parcels left. */
export const OrderShipped = event(
  'OrderShipped',
  z.object({
    orderId,
    carrier: z.string().nullable(),
    tracking: z.string().nullable(),
    shippedAt: timestamp(),
  }),
);
/** Published: nothing will come of it. */
export const OrderCancelled = event('OrderCancelled', z.object({ orderId, cancelledAt: timestamp() }));

/** Private: a note for the packers; null takes it away. */
export const OrderAnnotated = event('OrderAnnotated', z.object({ orderId, note: z.string().nullable() }));
