import { expect, test } from '@jest/globals';
import { createMemoryViewStore } from 'banyan/projections';
import fc from 'fast-check';
import { appOn, createViews, item, put, told } from './testing/orders.ts';

const numRuns = process.env['BANYAN_LONG'] ? 1000 : 25;

interface Row {
  readonly orderId: string;
  readonly customerId: string;
  readonly place: number;
}

const rows = fc.uniqueArray(
  fc.record({
    orderId: fc.string({ minLength: 1, maxLength: 6, unit: 'binary' }),
    customerId: fc.constantFrom('7', 'ä/😀'),
    place: fc.integer({ min: -3, max: 3 }),
  }),
  { selector: ({ orderId }) => orderId, maxLength: 25 },
);

/** By place, then by key: an independent statement of the order. */
function sorted(all: readonly Row[], customerId: string, order: string): string[] {
  const own = all.filter((row) => row.customerId === customerId);
  own.sort((a, b) => a.place - b.place || (a.orderId < b.orderId ? -1 : 1));
  const ids = own.map(({ orderId }) => orderId);
  return order === 'descending' ? ids.reverse() : ids;
}

test('the pages of a list, put together, are the list: each document once, in order, whatever the page size', async () => {
  const orders = fc.constantFrom('ascending', 'descending');
  await fc.assert(
    fc.asyncProperty(rows, orders, fc.integer({ min: 1, max: 7 }), async (all, order, limit) => {
      const store = createMemoryViewStore();
      await createViews(store, 1);
      await store.movePointer('orders', 0, { order: 1, customer: 1, country: 1 });
      for (const row of all) await put(store, 'order', item(row.orderId, { ...row }));
      const app = appOn(store);
      for (const customerId of ['7', 'ä/😀']) {
        const seen: string[] = [];
        let after = '';
        do {
          const path = `/places/${encodeURIComponent(customerId)}?limit=${limit}&order=${order}${after}`;
          const { code, data } = await told(app.request(path));
          const { items, next } = data as { items: Row[]; next: string | null };
          expect(code).toBe(200);
          expect(items.length).toBeLessThanOrEqual(limit);
          seen.push(...items.map(({ orderId }) => orderId));
          after = next === null ? '' : `&after=${next}`;
        } while (after !== '');
        expect(seen).toEqual(sorted(all, customerId, order));
      }
    }),
    { numRuns },
  );
});
