/*
 * A project over one table of orders, as text: its translation and its projections are what tests fix.
 */

/** Where a project keeps its views, as code. */
export interface ViewsCode {
  readonly imports: string;
  readonly views: string;
}

const inPostgres: ViewsCode = {
  imports: "import { postgresViews } from 'banyan/projections';",
  views: 'postgresViews({ connectionString: process.env.VIEWS_URL })',
};

/** The modules of a project whose groups are told by their code, which finds the parts by name. */
export function projectFiles(
  groups: string,
  { imports, views }: ViewsCode = inPostgres,
): Readonly<Record<string, string>> {
  return {
    'events.ts': `
import { event } from 'banyan/events';
import { z } from 'zod';
export const Placed = event('OrderPlaced', z.object({ id: z.string(), customer: z.string(), total: z.number() }));
export const Gone = event('OrderGone', z.object({ id: z.string() }));`,
    'translation.ts': translation(1, 'o.amount'),
    'order.ts': order('e.total'),
    'customer.ts': `
import { projection } from 'banyan/projections';
import { z } from 'zod';
import { Placed } from './events.ts';
export const customer = projection('customer-total', z.object({ spent: z.number() }))
  .on(Placed, { key: (e) => e.customer, apply: (d, e) => ({ spent: (d?.spent ?? 0) + e.total }) });`,
    'banyan.config.ts': `
import { defineConfig } from 'banyan';
import { group } from 'banyan/catalog';
import { postgres } from 'banyan/cdc';
import { gateway } from 'banyan/gateway';
${imports}
import { customer } from './customer.ts';
import { Gone, Placed } from './events.ts';
import { order } from './order.ts';
import { orders } from './translation.ts';
const owner = (team: string) => ({ team, contact: '#' + team });
export default defineConfig({
  directory: process.env.LOGS,
  sources: { shop: postgres({ connectionString: process.env.DATABASE_URL, tables: ['public.*'], slot: process.env.SLOT }) },
  groups: [${groups}],
  views: ${views},
});`,
  };
}

/** The translation; `total` is an expression of an order's row `o`. */
export function translation(version: number, total: string, imports = ''): string {
  return `
import { col, table, tables } from 'banyan/cdc';
import { translation } from 'banyan/events';
import { Gone, Placed } from './events.ts';
${imports}
const shop = tables('shop', {
  orders: table('public.orders', {
    key: ['id'], columns: { id: col.int8(), customer: col.text(), amount: col.int4(), discount: col.int4() },
  }),
});
export const orders = translation('orders', shop, {
  version: ${version},
  *translate(tx) {
    for (const o of [...tx.existing('orders'), ...tx.inserted('orders')]) yield Placed({ id: o.id, customer: o.customer, total: ${total} });
    for (const o of tx.deleted('orders')) yield Gone({ id: o.id });
  },
});`;
}

/** The projection of orders; `total` is an expression of the event `e`. */
export function order(total: string, imports = ''): string {
  return `
import { projection, removed } from 'banyan/projections';
import { z } from 'zod';
import { Gone, Placed } from './events.ts';
${imports}
export const order = projection('order', z.object({ customer: z.string(), total: z.number() }))
  .on(Placed, { key: (e) => e.id, apply: (_, e) => ({ customer: e.customer, total: ${total} }) })
  .on(Gone, { key: (e) => e.id, apply: () => removed });`;
}
