import { event } from 'banyan/events';
import { z } from 'zod';
import { projection, removed } from './projection.ts';

const Placed = event(
  'OrderPlaced',
  z.object({ orderId: z.string(), customerId: z.string(), total: z.string() }),
);
const Cancelled = event('OrderCancelled', z.object({ orderId: z.string() }));
const Card = projection('customer-card', z.object({ name: z.string() }));
const Summary = z.object({ orderId: z.string(), customerId: z.string(), status: z.enum(['placed', 'paid']) });

const p = projection('order-summary', Summary)
  .on(Placed, {
    key: (e) => e.orderId,
    apply: (_, e) => ({ orderId: e.orderId, customerId: e.customerId, status: 'placed' }),
  })
  .on(Cancelled, { key: (e) => e.orderId, apply: () => removed })
  .index('byCustomer', { partition: (d) => d.customerId });

// @ts-expect-error a field that the event does not have
p.on(Cancelled, { key: (e) => e.customerId, apply: () => removed });
// @ts-expect-error a document with a wrong field
p.on(Placed, {
  key: (e) => e.orderId,
  apply: (_, e) => ({ orderId: e.orderId, customerId: e.customerId, status: 'lost' }),
});
// @ts-expect-error an index that was not declared
p.by('byDate', 'id');
const read = p.byKey('id').include(
  'customer',
  Card.byKey((order) => order.customerId),
);
export const key: string | undefined = read.key({ id: '1' });
// @ts-expect-error a parameter that the read does not use
read.key({ order: '1' });
