import { toError } from 'banyan/runtime';
import type { Places } from './places.ts';
import type { Toured } from './tour.ts';

/** What the demo says. Plain lines, so that it reads the same in a terminal and in a log. */
const write = (text: string): void => void process.stdout.write(text);

/** Runs a step of the preparations and tells how long it took. */
async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  write(`  ${title} … `);
  const result = await work();
  write(`${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  return result;
}

/** The demo's voice. */
export const say = {
  step,
  title: (text: string): void => write(`\n${text}\n\n`),
  line: (text: string): void => write(`  ${text}\n`),
  /** A request and what was answered. */
  request: (method: string, url: string, status: number): void => write(`  ${method} ${url} → ${status}\n`),
  /** Data, indented. */
  data: (value: unknown): void => write(`${JSON.stringify(value, null, 2).replace(/^/gm, '    ')}\n`),
  verified: (text: string): void => write(`  ✓ ${text}\n`),
  failed: (error: unknown): void => write(`\n  ✗ ${toError(error).message}\n`),
  stayingUp,
};

/** Addresses, and commands that work when they are pasted into another shell. */
function stayingUp(places: Places, { orderId, sku }: Toured): void {
  const gateways = Object.entries(places.gateways);
  const [orders = '', catalogue = ''] = ['orders', 'catalogue'].map((group) => places.gateways[group]);
  const asCustomer = 'curl -H "Authorization: Bearer $TOKEN"';
  const order = `-H 'Content-Type: application/json' -d '${JSON.stringify({ lines: [{ sku, quantity: 1 }] })}'`;
  const place = (name: string, address: string): string => `  ${name.padEnd(20)} ${address}\n`;
  write(`
It stays up.

${place('monolith', places.monolith)}${gateways.map(([group, url]) => place(`${group} gateway`, url)).join('')}
To try, in another shell, in this directory:

  . ${places.envFile}    # where everything is, and TOKEN, which makes you customer 1

  ${asCustomer} ${orders}/orders/${orderId}
  ${asCustomer} '${orders}/customers/1/orders?limit=3'
  ${asCustomer} ${order} ${orders}/orders
  curl '${catalogue}/categories/1/products?limit=3'
  curl ${orders}/openapi.json

  npx banyan status --config ${places.config}
  npx banyan log tail shop --config ${places.config}
  psql "$SHOP_DATABASE_URL" -c "UPDATE orders SET note = 'By hand.' WHERE id = ${orderId}"

Ctrl-C ends it.
`);
}
