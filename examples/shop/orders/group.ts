import { group } from 'banyan/catalog';
import { decimal } from 'banyan/events';
import { gateway } from 'banyan/gateway';
import { z } from 'zod';
import { isCustomerOrStaff, isStaff } from '../callers.ts';
import { CustomerLeft, CustomerRegistered, CustomerRenamed } from '../customers/events.ts';
import { refusal } from '../refusal.ts';
import { customerCard } from './customer-card.ts';
import { OrderCancelled, OrderPaid, OrderPlaced, OrderShipped } from './events.ts';
import { orderSummary } from './order-summary.ts';
import { customersInTheBooks, ordersInTheBooks } from './reconciliations.ts';
import { orders } from './translation.ts';

const NewOrder = z.object({
  /** Only for employees; a customer orders for himself. */
  customerId: z.string().optional(),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int().positive() })).min(1),
  coupon: z.string().optional(),
  addressId: z.string().optional(),
  note: z.string().optional(),
});
const PlacedOrder = z.object({ id: z.string(), number: z.string(), total: decimal() });
const ChangedOrder = z.object({ id: z.string(), status: z.string() });
const changedOrder = (legacy: z.infer<typeof ChangedOrder>) => ({
  orderId: legacy.id,
  status: legacy.status,
});

export default group('orders', {
  owner: { team: 'checkout', contact: 'checkout@shop.example' },
  publishes: [OrderPlaced, OrderPaid, OrderShipped, OrderCancelled],
  subscribes: [CustomerRegistered, CustomerRenamed, CustomerLeft],
  translation: orders,
  projections: [orderSummary, customerCard],
  reconciliations: [ordersInTheBooks, customersInTheBooks],
  gateway: gateway()
    .read(
      'GET /orders/{id}',
      orderSummary.byKey('id').include(
        'customer',
        customerCard.byKey((order) => order.customerId),
      ),
      {
        authorizeDocument: (who, order) => isCustomerOrStaff(who, order.customerId),
        summary: 'An order with its customer',
      },
    )
    .read('GET /customers/{id}/orders', orderSummary.by('byCustomer', 'id').descending(), {
      authorize: (who, { id }) => isCustomerOrStaff(who, id),
      summary: "A customer's orders, newest first",
    })
    .write('POST /orders', {
      to: 'POST /api/orders',
      body: NewOrder,
      request: (order, who) => ({
        customer_id: order.customerId ?? who.sub,
        lines: order.lines,
        coupon: order.coupon,
        ship_to: order.addressId,
        note: order.note,
      }),
      answers: PlacedOrder,
      response: ({ id, number, total }) => ({ orderId: id, number, total }),
      refusal,
      summary: 'Places an order',
    })
    .write('POST /orders/{id}/payment', {
      to: 'POST /api/orders/{id}/pay',
      body: z.object({
        method: z.enum(['card', 'transfer', 'gift-card']),
        cardNumber: z.string().optional(),
      }),
      request: ({ method, cardNumber }) => ({ method, card_number: cardNumber }),
      answers: ChangedOrder,
      response: changedOrder,
      refusal,
      summary: 'Pays an order',
    })
    .write('POST /orders/{id}/shipment', {
      to: 'POST /api/orders/{id}/ship',
      body: z.object({ carrier: z.string(), tracking: z.string().optional() }),
      authorize: (who) => isStaff(who),
      answers: ChangedOrder,
      response: changedOrder,
      refusal,
      summary: 'Ships an order',
    })
    .write('POST /orders/{id}/cancellation', {
      to: 'POST /api/orders/{id}/cancel',
      answers: ChangedOrder,
      response: changedOrder,
      refusal,
      summary: 'Cancels an order that has not been shipped',
    }),
});
