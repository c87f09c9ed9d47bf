import { describe, expect, test } from '@jest/globals';
import type { RowOf } from 'banyan/cdc';
import { projected, translated as translatedAll, type GivenTransaction } from 'banyan/testing';
import { shop } from '../tables.ts';
import { orderSummary } from './order-summary.ts';
import { orders } from './translation.ts';

const order: RowOf<typeof shop.tables.orders> = {
  id: '7',
  number: '11111111-2222-4333-8444-555555555555',
  customer_id: '3',
  ship_to: '4',
  status: 'new',
  coupon_code: 'SPRING15',
  subtotal: '30.50',
  discount: '4.58',
  total: '25.92',
  currency: 'EUR',
  note: null,
  wanted_on: null,
  client: null,
  placed_at: '2026-03-01T09:30:00.123456Z',
  paid_at: null,
  shipped_at: null,
  cancelled_at: null,
};
const line = { order_id: '7', line_no: 1, sku: 'A', warehouse: 'quay', quantity: 3, unit_price: '10.10' };
const paid = { ...order, status: 'paid', paid_at: '2026-03-01T09:31:00.000000Z' } as const;
const cancelled = { ...paid, status: 'cancelled', cancelled_at: '2026-03-02T00:00:00.000000Z' } as const;

const translated = (given: GivenTransaction<typeof shop>) => translatedAll(orders, shop, [given]).flat();
/** As the shop places an order: the header without sums, the lines, then the sums. */
const placing = translated({
  inserted: {
    orders: [{ ...order, subtotal: '0.00', discount: '0.00', total: '0.00' }],
    order_lines: [line],
  },
  updated: { orders: [{ before: { ...order, subtotal: '0.00' }, after: order }] },
  rows: { orders: [order], order_lines: [line] },
});

describe('orders', () => {
  test('a new order is told once, with its lines and the sums as of the commit', () => {
    expect(placing.map((event) => event.type)).toEqual(['OrderPlaced']);
    expect(placing[0]?.data).toMatchObject({
      subtotal: '30.50',
      discount: '4.58',
      lines: [{ sku: 'A', name: null, quantity: 3, unitPrice: '10.10' }],
    });
  });

  test('the summary takes the discount off', () => {
    expect(projected(orderSummary, placing).documents.get('7')).toMatchObject({
      total: '25.92',
      status: 'placed',
    });
  });

  test('each step is told when it happens, and again is not', () => {
    const step = (before: typeof order, after: typeof order) =>
      translated({ updated: { orders: [{ before, after }] } }).map((event) => event.type);
    expect(step(order, paid)).toEqual(['OrderPaid']);
    expect(step(paid, cancelled)).toEqual(['OrderCancelled']);
    expect(step(paid, { ...paid, note: 'ring twice' })).toEqual(['OrderAnnotated']);
    expect(step(paid, { ...paid, client: {} })).toEqual([]);
  });

  test('an order found by the snapshot brings its past along', () => {
    const events = translated({ existing: { orders: [cancelled] }, rows: { order_lines: [line] } });
    expect(events.map((event) => event.type)).toEqual(['OrderPlaced', 'OrderPaid', 'OrderCancelled']);
    expect(projected(orderSummary, events).documents.get('7')).toMatchObject({
      status: 'cancelled',
      paid: { at: paid.paid_at, method: null },
      cancelledAt: cancelled.cancelled_at,
    });
  });
});
