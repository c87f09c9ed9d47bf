import type { EventLogRef, Progress } from 'banyan/events';
import {
  projection,
  createMemoryViewStore,
  encodeSort,
  type AtomicViewStore,
  type Item,
} from 'banyan/projections';
import { silentLogger, type Logger } from 'banyan/runtime';
import type { Hono } from 'hono';
import { z } from 'zod';
import { createGatewayApp, type GatewayAppOptions } from '../app.ts';
import { gateway } from '../gateway.ts';
import type { Identity } from '../identity.ts';

const Order = z.object({ orderId: z.string(), customerId: z.string(), place: z.int() });
const Customer = z.object({ name: z.string(), countryId: z.string() });

export const orders = projection('order', Order).index('byCustomer', {
  partition: (order) => order.customerId,
  sort: (order) => order.place,
});
export const customers = projection('customer', Customer);
export const countries = projection('country', z.object({ title: z.string() }));

const customer = customers
  .byKey((order: { readonly customerId: string }) => order.customerId)
  .include(
    'country',
    countries.byKey((one) => one.countryId),
  );
const NewOrder = z.object({ lines: z.array(z.object({ sku: z.string(), quantity: z.int().positive() })) });

/** A gateway with a route of each kind. */
export const shopGateway = gateway()
  .read('GET /plain/{id}', orders.byKey('id'), { public: true })
  .read('GET /orders/{id}', orders.byKey('id').include('customer', customer), {
    authorizeDocument: (who, order) => who.sub === order.customerId,
  })
  .read('GET /customers/{id}/orders', orders.by('byCustomer', 'id').include('customer', customer), {
    authorize: (who, { id }) => who.sub === id,
  })
  .read('GET /places/{id}', orders.by('byCustomer', 'id'), { public: true })
  .read(
    'GET /found',
    orders.byKey(({ number }: { readonly number: number }) => `o${number}`),
    { public: true, parameters: z.object({ number: z.coerce.number().int() }), summary: 'By number' },
  )
  .write('POST /orders', {
    to: 'POST /api/orders',
    body: NewOrder,
    request: (body, who) => ({ customer_id: who.sub, lines: body.lines }),
    answers: z.object({ id: z.string() }),
    response: ({ id }) => ({ orderId: id }),
    data: z.object({ orderId: z.string() }),
    refusal: ({ body }) => ({ message: String((body as { error?: unknown }).error) }),
  })
  .write('POST /orders/{id}/cancellation', { to: 'POST /api/orders/{id}/cancel', public: true });

/** An item as the projector would have written it. */
export function item(key: string, document: Item['document'], more: Partial<Item> = {}): Item {
  const at = {
    logTime: '2026-01-01T00:00:00.000Z',
    source: 'shop',
    position: 1,
    translation: 'orders',
    index: 0,
  };
  return { key, revision: 1, state: { kind: 'settled', at }, ...(document && { document }), ...more };
}

/** Puts an item into a generation of a view. */
export async function put(store: AtomicViewStore, name: string, one: Item, generation = 1): Promise<void> {
  const order = name === 'order' ? (one.document as z.infer<typeof Order> | undefined) : undefined;
  const entry = order && { index: 'byCustomer', partition: order.customerId, sort: encodeSort(order.place) };
  const found = await store.readMany({ projection: name, number: generation }, [one.key]);
  await store.writeMany({ projection: name, number: generation }, [
    { item: one, expected: found.get(one.key)?.revision, indexEntries: entry ? [entry] : [] },
  ]);
}

/** Makes a generation of each view. */
export async function createViews(
  store: AtomicViewStore,
  number: number,
  logs: readonly EventLogRef[] = [],
  floor: Progress = {},
): Promise<void> {
  for (const { name, indexes } of [orders, customers, countries]) {
    await store.createGeneration({
      projection: name,
      number,
      state: { kind: 'live' },
      bundle: 'test',
      logs,
      floor,
      indexes: [...indexes.keys()].map((index) => ({ name: index })),
      createdAt: '2026-01-01T00:00:00.000Z',
    });
  }
}

/** Live views with some documents: orders o1 to o3 of customer 7, who lives in a country that has no document. */
export async function liveStore(): Promise<AtomicViewStore> {
  const store = createMemoryViewStore();
  await createViews(store, 1);
  await store.movePointer('orders', 0, { order: 1, customer: 1, country: 1 });
  for (const place of [1, 2, 3]) {
    await put(store, 'order', item(`o${place}`, { orderId: `o${place}`, customerId: '7', place }));
  }
  await put(store, 'customer', item('7', { name: 'Ada', countryId: 'pt' }));
  return store;
}

/** Takes the token "for-NAME" as NAME's. */
export const testIdentity: Identity = {
  kind: 'test',
  verify: async (token) => {
    if (token === 'down') return { kind: 'unavailable', cause: new Error('no keys') };
    const sub = /^for-(.+)$/.exec(token)?.[1];
    return sub === undefined
      ? { kind: 'refused', why: 'unknown' }
      : { kind: 'caller', who: { sub, claims: { sub }, token } };
  },
};

/** The application over a store. */
export function appOn(store: AtomicViewStore, more: Partial<GatewayAppOptions> = {}): Hono {
  const logger: Logger = silentLogger;
  const group = { name: 'orders', owner: { team: 'checkout', contact: 'checkout@shop.example' } };
  return createGatewayApp({ group, gateway: shopGateway, store, identity: testIdentity, logger, ...more });
}

/** An answer, taken apart. */
export interface Told {
  readonly code: number;
  readonly status: string;
  readonly message: string;
  readonly data: unknown;
  readonly headers: Headers;
}

export async function told(answered: Response | Promise<Response>): Promise<Told> {
  const response = await answered;
  const text = await response.text();
  const body = (text === '' ? { status: '', message: '', data: undefined } : JSON.parse(text)) as Omit<
    Told,
    'code' | 'headers'
  >;
  return { ...body, code: response.status, headers: response.headers };
}

/** The header of a caller of that name. */
export function as(name: string): { readonly headers: { readonly authorization: string } } {
  return { headers: { authorization: `Bearer for-${name}` } };
}
