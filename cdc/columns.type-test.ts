import { col, type Float } from './columns.ts';
import { table, tables, type RowOf, type Unknown } from './tables.ts';

/** Never run: the compiler is the test. */
const orders = table('public.orders', {
  key: ['id'],
  columns: {
    id: col.int8(),
    status: col.enum('open', 'paid').default('open'),
    note: col.text().nullable(),
    tags: col.array(col.text()),
    grid: col.array(col.array(col.int4())),
    meta: col.jsonb<{ readonly source: string }>(),
    weight: col.float8(),
    photo: col.bytea().orUnknown(),
  },
});
type Order = RowOf<typeof orders>;

export function typesOfARow(order: Order): void {
  order.id satisfies string;
  order.status satisfies 'open' | 'paid';
  order.note satisfies string | null;
  order.tags satisfies readonly string[];
  order.grid satisfies readonly (readonly number[])[];
  order.meta.source satisfies string;
  order.weight satisfies Float;
  order.photo satisfies string | Unknown;
  // @ts-expect-error a 64-bit integer is text
  order.id satisfies number;
  // @ts-expect-error it may be null
  order.note satisfies string;
  // @ts-expect-error it may be unknown
  order.photo satisfies string;
  // @ts-expect-error no such label
  order.status satisfies 'paid';
  // @ts-expect-error no such column
  order.nothing satisfies unknown;
}

export const wrongKey = table('public.a', {
  // @ts-expect-error the key names a column that is not there
  key: ['code'],
  columns: { id: col.int4() },
});

// @ts-expect-error a default has the column's type
col.int4().default('1');
// @ts-expect-error not a label
col.enum('a', 'b').default('c');
// @ts-expect-error null only where the column may be null
col.text().default(null);
col.text().nullable().default(null);

export const shop = tables('shop', { orders });
shop.tables.orders.columns.id.type satisfies string;
// @ts-expect-error no such table
shop.tables.customers satisfies unknown;
