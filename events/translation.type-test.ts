import { table, tables, type Column, type Unknown } from 'banyan/cdc';
import { z } from 'zod';
import { event } from './event.ts';
import { became, changed } from './predicates.ts';
import { translation } from './translation.ts';

declare const text: Column<string>;
declare const status: Column<'placed' | 'paid'>;
declare const quantity: Column<number>;
declare const note: Column<string | null | Unknown>;

const shop = tables('shop', {
  customers: table('public.customers', { key: ['id'], columns: { id: text, name: text } }),
  orders: table('public.orders', { key: ['id'], columns: { id: text, customer_id: text, status, note } }),
  order_lines: table('public.order_lines', {
    key: ['order_id', 'line'],
    columns: { order_id: text, line: quantity, sku: text },
  }),
});
declare function use(value: unknown): void;
const Placed = event('OrderPlaced', z.object({ orderId: z.string(), customerName: z.string() }));
const Paid = event('OrderPaid', z.object({ orderId: z.string() }));

translation('orders', shop, {
  version: 1,
  lookups: { customers: 'id', order_lines: ['order_id', ['order_id', 'sku']] },
  *translate(tx) {
    for (const order of tx.inserted('orders')) {
      const customer = tx.row('customers', order.customer_id);
      const skus: string[] = tx
        .rows('order_lines', { order_id: order.id })
        .map((line) => line.sku)
        .toArray();
      tx.row('order_lines', { order_id: order.id, line: 1 });
      yield Placed({ orderId: order.id, customerName: customer?.name ?? skus.join() });
      // @ts-expect-error a column that the table does not have
      use(order.total);
      // @ts-expect-error an unknown value must be dealt with
      const known: string | null = order.note;
      // @ts-expect-error data that the event does not have
      yield Paid({ orderId: order.id, total: known });
      // @ts-expect-error data of the wrong type
      yield Paid({ orderId: 1 });
      // @ts-expect-error data that is missing
      yield Placed({ orderId: order.id });
    }
    // @ts-expect-error a table that was not declared
    tx.existing('invoices');
    // @ts-expect-error a look-up by a column that the table does not have
    tx.rows('order_lines', { colour: 'red' });
    // @ts-expect-error a look-up with a value of the wrong type
    tx.rows('order_lines', { line: 'first' });
    yield* tx
      .updated('orders')
      .filter(became('status', 'paid'))
      .map(({ after }) => Paid({ orderId: after.id }));
    yield* tx
      .updated('orders')
      .filter(changed('status', 'note'))
      .map(({ after }) => Paid({ orderId: after.id }));
    // @ts-expect-error a value that the column cannot have
    tx.updated('orders').filter(became('status', 'lost'));
    // @ts-expect-error a column that the table does not have
    tx.updated('orders').filter(became('colour', 'red'));
    // @ts-expect-error a column that the table does not have
    tx.updated('orders').filter(changed('colour'));
    for (const change of tx.changes()) {
      if (change.op === 'delete' && change.table === 'customers') {
        const name: string = change.before.name;
        yield Paid({ orderId: name });
      }
      // @ts-expect-error only an update and a delete have a row before
      if (change.op === 'insert') use(change.before);
    }
  },
});

translation('orders', shop, {
  version: 1,
  // @ts-expect-error a table that was not declared
  lookups: { invoices: 'id' },
  translate: () => [],
});
translation('orders', shop, {
  version: 1,
  // @ts-expect-error a column that the table does not have
  lookups: { customers: 'colour' },
  translate: () => [],
});
// @ts-expect-error a translation yields events
translation('orders', shop, { version: 1, translate: () => [{ kind: 'OrderPaid' }] });
