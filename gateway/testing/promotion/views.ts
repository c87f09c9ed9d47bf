import { event, type EventLogRef } from 'banyan/events';
import { projection } from 'banyan/projections';
import { z } from 'zod';
import { gateway } from '../../gateway.ts';

/*
 * Two views in two generations each: the first ones by a faulty projection, which forgets the discount, the second
 * ones by the fixed one. Each document says which logic made it, and counts its events.
 */

/** Which code made a document. */
export type Logic = 'faulty' | 'fixed';

/** The generation of both views that a logic builds. */
export const generationOf = { faulty: 1, fixed: 2 } as const satisfies Record<Logic, number>;
/** The fixed views read another version of the translation. */
export const logOfLogic = (logic: Logic): EventLogRef => ({
  source: 'shop',
  translation: 'orders',
  version: generationOf[logic],
});
/** The pointer alternates between the two: which one is live at an epoch. */
export const liveAt = (epoch: number): Logic => (epoch % 2 === 1 ? 'faulty' : 'fixed');

export const OrderSold = event(
  'OrderSold',
  z.object({
    orderId: z.string(),
    customerId: z.string(),
    place: z.int(),
    price: z.int(),
    discount: z.int(),
  }),
);
export const CustomerBought = event('CustomerBought', z.object({ customerId: z.string() }));

const counted = { count: z.int(), logic: z.enum(['faulty', 'fixed']) };
const Order = z.object({
  orderId: z.string(),
  customerId: z.string(),
  place: z.int(),
  total: z.int(),
  ...counted,
});
const Customer = z.object({ customerId: z.string(), ...counted });

/** The views as a logic makes them. */
export function viewsBy(logic: Logic) {
  const orders = projection('order', Order)
    .on(OrderSold, {
      key: ({ orderId }) => orderId,
      apply: (before, { orderId, customerId, place, price, discount }) => ({
        ...{ orderId, customerId, place, logic },
        count: (before?.count ?? 0) + 1,
        total: (before?.total ?? 0) + price - (logic === 'fixed' ? discount : 0),
      }),
    })
    .index('byCustomer', { partition: ({ customerId }) => customerId, sort: ({ place }) => place });
  const customers = projection('customer', Customer).on(CustomerBought, {
    key: ({ customerId }) => customerId,
    apply: (before, { customerId }) => ({ customerId, logic, count: (before?.count ?? 0) + 1 }),
  });
  return { orders, customers };
}

const { orders, customers } = viewsBy('fixed');
const customer = customers.byKey((order: { readonly customerId: string }) => order.customerId);

/** By key, by key with an include, and pages with an include. */
export const promotionGateway = gateway()
  .read('GET /plain/{id}', orders.byKey('id'), { public: true })
  .read('GET /orders/{id}', orders.byKey('id').include('customer', customer), { public: true })
  .read('GET /customers/{id}/orders', orders.by('byCustomer', 'id').include('customer', customer), {
    public: true,
  });

export const customerIds = ['c1', 'c2'] as const;
const perCustomer = 5;
/** All orders: their customer, and their place in his list. */
export const allOrders = customerIds.flatMap((customerId) =>
  Array.from({ length: perCustomer }, (_, place) => ({
    orderId: `${customerId}-${place}`,
    customerId,
    place,
  })),
);
const [price, discount] = [10, 1];
/** What an order's document must say. */
export const totalOf = (logic: Logic, count: number): number =>
  count * (logic === 'fixed' ? price - discount : price);
/** The events of one transaction: an order was sold again. */
export const sale = (position: number) => {
  const order = allOrders[(position - 1) % allOrders.length] ?? { orderId: '', customerId: '', place: 0 };
  return [OrderSold({ ...order, price, discount }), CustomerBought({ customerId: order.customerId })];
};
