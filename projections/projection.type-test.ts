import { event } from 'banyan/events';
import { z } from 'zod';
import { projection, removed } from './projection.ts';
import { reconciliation } from './reconciliation.ts';

const Placed = event(
  'OrderPlaced',
  z.object({ orderId: z.string(), customerId: z.string(), total: z.string() }),
);
const Cancelled = event('OrderCancelled', z.object({ orderId: z.string() }));
const Summary = z.object({ orderId: z.string(), customerId: z.string(), status: z.enum(['placed', 'paid']) });

const card = projection('customer-card', z.object({ name: z.string() }));
const summary = projection('order-summary', Summary)
  .on(Placed, {
    key: (e) => e.orderId,
    apply: (_, e) => ({ orderId: e.orderId, customerId: e.customerId, status: 'placed' }),
  })
  .on(Cancelled, { key: (e) => e.orderId, apply: () => removed })
  .index('byCustomer', { partition: (d) => d.customerId, sort: (d) => d.status });

// Events to handlers. Each wrong part stands on a line of its own, where its error is expected.
summary.on(Cancelled, {
  // @ts-expect-error a field that the event does not have
  key: (e) => String(e.customerId),
  apply: () => removed,
});
summary.on(Cancelled, {
  key: (e) => e.orderId,
  // @ts-expect-error a field that the document does not have
  apply: (document) => document && { ...document, orderId: String(document.total) },
});
summary.on(Cancelled, {
  key: (e, meta) => `${meta.source}/${e.orderId}`,
  // @ts-expect-error a field that an event's meta does not have
  apply: (document, _, meta) => document && { ...document, customerId: String(meta.user) },
});

// Handlers to documents.
summary.on(Placed, {
  key: (e) => e.orderId,
  // @ts-expect-error a value that the document's field does not take
  apply: (_, e) => ({ orderId: e.orderId, customerId: e.customerId, status: 'lost' }),
});
summary.on(Placed, {
  key: (e) => e.orderId,
  // @ts-expect-error a field of the document is missing
  apply: (_, e) => ({ orderId: e.orderId, status: 'placed' }),
});

// Documents to indexes and reads.
// @ts-expect-error a field that the document does not have
summary.index('byTotal', { partition: (d) => String(d.total) });
// @ts-expect-error an index sorts by text or number
summary.index('byNothing', { partition: (d) => d.customerId, sort: (d) => ({ d }) });
// @ts-expect-error an index that was not declared
summary.by('byDate', 'id');

const read = summary.byKey('id').include(
  'customer',
  card.byKey((order) => order.customerId),
);
export const key: string | undefined = read.key({ id: '1' });
// @ts-expect-error a parameter that the read does not use
read.key({ order: '1' });
summary.byKey('id').include(
  'customer',
  // @ts-expect-error a field that the joining document does not have
  card.byKey((order) => String(order.total)),
);
const page = summary.by('byCustomer', 'customer').include(
  'customer',
  card.byKey((order) => order.customerId),
);
export const partition: string | undefined = page.descending().partition({ customer: '1' });

// Reads to results.
type ResultOf<Read> = Read extends { include(name: never, read: infer Joined): unknown }
  ? Joined extends { key(parameters: infer Result): string | undefined }
    ? Result
    : never
  : never;
type Found = ResultOf<typeof read>;
type Expected = z.infer<typeof Summary> & { readonly customer: { name: string } | null };
export const same: [Expected] extends [Found] ? ([Found] extends [Expected] ? true : false) : false = true;
declare const found: Found;
export const customerName: string | undefined = found.customer?.name;
// @ts-expect-error a field that the joined document does not have
export const customerAge = String(found.customer?.age);

// Documents to reconciliations.
const query = 'SELECT id::text AS key, state, customer_id FROM public.orders';
const columns = { source: 'shop', query, row: z.object({ state: z.enum(['new', 'paid']) }) };
reconciliation(summary, { source: 'shop', query, fields: ['status', 'customerId'] });
// @ts-expect-error a field that the document does not have
reconciliation(summary, { source: 'shop', query, fields: ['total'] });
reconciliation(summary, {
  ...columns,
  document: (row) => ({ status: row.state === 'new' ? 'placed' : row.state }),
});
// @ts-expect-error a value that the document's field does not take
reconciliation(summary, { ...columns, document: (row) => ({ status: row.state }) });
// @ts-expect-error a column that was not declared
reconciliation(summary, { ...columns, document: (row) => ({ customerId: String(row.customer_id) }) });
