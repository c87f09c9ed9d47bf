import { projection } from 'banyan/projections';
import { z } from 'zod';
import { gateway, type ResponseOf } from './gateway.ts';

const Order = z.object({ orderId: z.string(), customerId: z.string(), total: z.string() });
const orders = projection('order-summary', Order).index('byCustomer', { partition: (d) => d.customerId });
const cards = projection('customer-card', z.object({ name: z.string() }));

export const g = gateway()
  .read(
    'GET /orders/{id}',
    orders.byKey('id').include(
      'customer',
      cards.byKey((o) => o.customerId),
    ),
  )
  .read(
    'GET /o/{id}',
    orders.byKey((p) => p.id),
  )
  .read('GET /customers/{id}/orders', orders.by('byCustomer', 'id'), {
    authorize: (who, p) => who.sub === p.id,
  })
  .read(
    'GET /c/{id}/orders',
    orders.by('byCustomer', (p) => p.id),
  )
  .read('GET /d/{id}/orders', orders.by('byCustomer', 'id').descending())
  .read('GET /find', orders.byKey('order'), {
    parameters: z.object({ order: z.string() }),
    public: true,
    authorize: (who: undefined) => [who].length === 1,
  })
  .read('GET /own/{id}', orders.byKey('id'), { authorizeDocument: (who, d) => d.customerId === who.sub });

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export const one: Equal<ResponseOf<typeof g, 'GET /orders/{id}'>['customer'], { name: string } | null> = true;
export const page: ResponseOf<typeof g, 'GET /customers/{id}/orders'> = {
  items: [{ orderId: '', customerId: '', total: '' }],
  next: null,
};
// @ts-expect-error the page's documents have no such field
export const price: unknown = page.items[0]?.price;

// @ts-expect-error the path has no {id}
gateway().read('GET /orders/{order}', orders.byKey('id'));
// @ts-expect-error the path has no parameters
gateway().read('GET /orders', orders.by('byCustomer', 'id'));
gateway().read(
  'GET /orders/{order}',
  // @ts-expect-error the path has no {id}
  orders.byKey((p) => String(p.id)),
);
// @ts-expect-error not a read
gateway().read('POST /orders/{id}', orders.byKey('id'));
// @ts-expect-error a parameter that the route has not
gateway().read('GET /orders/{id}', orders.byKey('id'), { authorize: (who, p) => who.sub === p.order });
gateway().read('GET /orders/{id}', orders.byKey('id'), {
  // @ts-expect-error the document has no such field
  authorizeDocument: (who, d) => who.sub === d.owner,
});
// @ts-expect-error a public route has no caller
gateway().read('GET /orders/{id}', orders.byKey('id'), { public: true, authorize: (who) => who.sub === '' });

const NewOrder = z.object({ customerId: z.string(), lines: z.array(z.object({ sku: z.string() })) });
const Answer = z.object({ order_id: z.string() });
export const w = gateway()
  .write('POST /orders', {
    to: 'POST /api/orders',
    body: NewOrder,
    answers: Answer,
    request: (body, who) => ({ customer_id: body.customerId, by: who.sub }),
    response: (legacy) => ({ orderId: legacy.order_id }),
  })
  .write('DELETE /orders/{id}', {
    to: 'POST /api/orders/{id}/cancel',
    request: (_b, _w, p) => ({ why: p.id }),
  });
export const data: ResponseOf<typeof w, 'POST /orders'> = { orderId: '1' };
export const none: ResponseOf<typeof w, 'DELETE /orders/{id}'> = null;

gateway().write('POST /orders', {
  to: 'POST /api/orders',
  body: NewOrder,
  // @ts-expect-error the body has no such field
  request: (body) => ({ customer_id: String(body.customer) }),
});
gateway().write('POST /orders', {
  to: 'POST /api/orders',
  answers: Answer,
  // @ts-expect-error the monolith's answer has no such field
  response: (legacy) => ({ orderId: String(legacy.orderId) }),
});
gateway().write('POST /orders/{id}', {
  // @ts-expect-error the route has no {order}
  to: 'POST /api/orders/{order}',
});
const Made = z.object({ orderId: z.string() });
gateway().write('POST /orders', { to: 'POST /api/orders', data: Made, response: () => ({ orderId: '' }) });
// @ts-expect-error the data's schema wants orderId
gateway().write('POST /orders', { to: 'POST /api/orders', data: Made, response: () => ({ id: '' }) });
