import { projection, removed } from 'banyan/projections';
import { z } from 'zod';
import { CustomerLeft, CustomerRegistered, CustomerRenamed } from '../customers/events.ts';
import { OrderPlaced } from './events.ts';

const CustomerCard = z.object({
  customerId: z.string(),
  name: z.string(),
  /** How many orders he ever placed. */
  orders: z.int(),
});

/** What this group keeps of a customer, from the customers group's published events. */
export const customerCard = projection('customer-card', CustomerCard)
  .on(CustomerRegistered, {
    key: (e) => e.customerId,
    apply: (_, { customerId, name }) => ({ customerId, name, orders: 0 }),
  })
  .on(CustomerRenamed, { key: (e) => e.customerId, apply: (card, e) => card && { ...card, name: e.name } })
  .on(CustomerLeft, { key: (e) => e.customerId, apply: () => removed })
  .on(OrderPlaced, {
    key: (e) => e.customerId,
    apply: (card) => card && { ...card, orders: card.orders + 1 },
  });
