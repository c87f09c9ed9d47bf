import { col, table, tables, type Change, type Row } from 'banyan/cdc';
import { canonicalJson, type JsonValue } from 'banyan/runtime';
import fc from 'fast-check';
import { z } from 'zod';
import { event } from '../event.ts';
import { became } from '../predicates.ts';
import { translation, type Translation } from '../translation.ts';

/** A small shop: customers, and orders of theirs with a key of two columns. */
export const shop = tables('shop', {
  customers: table('public.customers', { key: ['id'], columns: { id: col.int8(), name: col.text() } }),
  orders: table('public.orders', {
    key: ['region', 'id'],
    columns: { region: col.text(), id: col.int4(), customer_id: col.int8(), status: col.text() },
  }),
});

const Placed = event(
  'OrderPlaced',
  z.object({ order: z.string(), customer: z.string(), found: z.boolean(), siblings: z.array(z.string()) }),
);
const Paid = event('OrderPaid', z.object({ order: z.string(), customer: z.string() }));
const Gone = event('OrderGone', z.object({ order: z.string() }));

function labelOf({ region, id }: { readonly region: string; readonly id: number }): string {
  return `${region}${String(id)}`;
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The events of {@link shopTranslation}. */
export const shopEvents = [Placed, Paid, Gone];

/** Uses everything that a translation can use; looks rows up by key and by foreign key. */
export function shopTranslation(version: number): Translation {
  return translation('orders', shop, {
    version,
    lookups: { customers: 'id', orders: ['customer_id'] },
    *translate(tx) {
      for (const op of ['existing', 'inserted'] as const) {
        for (const order of tx[op]('orders')) {
          const siblings = tx.rows('orders', { customer_id: order.customer_id }).map(labelOf);
          yield Placed({
            order: labelOf(order),
            customer: tx.row('customers', order.customer_id)?.name ?? '-',
            found: op === 'existing',
            siblings: siblings.toArray(),
          });
        }
      }
      for (const { after } of tx.updated('orders').filter(became('status', 'paid'))) {
        yield Paid({
          order: labelOf(after),
          customer: tx.row('customers', after.customer_id)?.name ?? '-',
        });
      }
      yield* tx.deleted('orders').map((order) => Gone({ order: labelOf(order) }));
    },
  });
}

/** What a transaction does, in the words of the model. */
export type Act =
  | { readonly kind: 'customer'; readonly id: string; readonly name: string | null }
  | {
      readonly kind: 'order';
      readonly region: string;
      readonly id: number;
      readonly customer: string;
      readonly status: string | null;
    }
  | { readonly kind: 'move'; readonly region: string; readonly id: number; readonly to: number };

const id = fc.constantFrom('1', '2', '3');
const region = fc.constantFrom('eu', 'us');
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant('customer' as const),
    id,
    name: fc.option(fc.constantFrom('Ada', 'Eve', 'Bob')),
  }),
  fc.record({
    kind: fc.constant('order' as const),
    region,
    id: fc.nat(2),
    customer: id,
    status: fc.option(fc.constantFrom('placed', 'paid')),
  }),
  fc.record({ kind: fc.constant('move' as const), region, id: fc.nat(2), to: fc.nat(2) }),
);

/** Histories: a list of acts for each transaction; an empty one stands for a tick. */
export const shopHistories = fc.array(fc.array(act, { maxLength: 6 }), { minLength: 1, maxLength: 25 });

/** An event as the model expects it. */
export interface ExpectedEvent {
  readonly position: number;
  readonly type: string;
  readonly data: unknown;
}

/** The rows of the shop, folded naively; says what changes an act is, and what events a transaction should give. */
export class ShopModel {
  readonly #customers = new Map<string, Row>();
  readonly #orders = new Map<string, Row>();
  #position = 0;

  /** Does the acts of one transaction. */
  transaction(acts: readonly Act[]): { readonly changes: Change[]; readonly events: ExpectedEvent[] } {
    this.#position += 1;
    const changes = acts.flatMap((one) => this.#do(one));
    return { changes, events: this.#events(changes) };
  }

  #do(one: Act): Change[] {
    switch (one.kind) {
      case 'customer': {
        const row = one.name === null ? undefined : { id: one.id, name: one.name };
        return set('public.customers', this.#customers, one.id, one.id, row);
      }
      case 'order': {
        const { region, id, customer, status } = one;
        const row = status === null ? undefined : { region, id, customer_id: customer, status };
        return set('public.orders', this.#orders, labelOf(one), labelOf(one), row);
      }
      case 'move': {
        const row = this.#orders.get(labelOf(one));
        const to = labelOf({ region: one.region, id: one.to });
        if (!row || this.#orders.has(to)) return [];
        const moved = { ...row, id: one.to };
        return set('public.orders', this.#orders, labelOf(one), to, moved);
      }
    }
  }

  #events(changes: readonly Change[]): ExpectedEvent[] {
    const name = (row: Row): string =>
      textOf(this.#customers.get(textOf(row['customer_id']))?.['name'] ?? '-');
    const label = (row: Row): string => textOf(row['region']) + textOf(row['id']);
    const ofOrders = changes.filter(({ table: of }) => of === 'public.orders');
    const placed = (['existing', 'insert'] as const).flatMap((op) =>
      ofOrders.flatMap((change) => {
        if (change.op !== op) return [];
        const { after } = change;
        const siblings = [...this.#orders.values()].filter(
          (row) => row['customer_id'] === after['customer_id'],
        );
        const labels = siblings.map(label).sort();
        return [{ order: label(after), customer: name(after), found: op === 'existing', siblings: labels }];
      }),
    );
    const paid = ofOrders.flatMap((change) =>
      change.op === 'update' && change.after['status'] === 'paid' && change.before['status'] !== 'paid'
        ? [{ order: label(change.after), customer: name(change.after) }]
        : [],
    );
    const gone = ofOrders.flatMap((change) =>
      change.op === 'delete' ? [{ order: label(change.before) }] : [],
    );
    const position = this.#position;
    return [
      ...placed.map((data) => ({ position, type: 'OrderPlaced', data })),
      ...paid.map((data) => ({ position, type: 'OrderPaid', data })),
      ...gone.map((data) => ({ position, type: 'OrderGone', data })),
    ];
  }
}

function set(
  of: string,
  rows: Map<string, Row>,
  oldKey: string,
  newKey: string,
  after: Row | undefined,
): Change[] {
  const before = rows.get(oldKey);
  rows.delete(oldKey);
  if (after) rows.set(newKey, after);
  const place = { table: of, schema: 1 };
  if (!before) return after ? [{ op: 'insert', ...place, after }] : [];
  if (!after) return [{ op: 'delete', ...place, before }];
  return canonicalJson(before) === canonicalJson(after) ? [] : [{ op: 'update', ...place, before, after }];
}
