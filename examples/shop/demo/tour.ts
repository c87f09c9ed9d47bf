import { askBanyan } from '../../../kit/banyan-process.ts';
import { eventually } from '../../../kit/eventually.ts';
import { client, type Client } from './client.ts';
import { expectThat, patienceMs, query, type Places } from './places.ts';
import { replayStory } from './replay-story.ts';
import { say } from './say.ts';

/** What was met on the tour, to be tried again. */
export interface Toured {
  readonly orderId: string;
  readonly sku: string;
}

/** Shows the whole path with real requests; every step is verified. @throws Error naming the step that failed */
export async function tour(places: Places): Promise<Toured> {
  const orders = client(places.gateways['orders'] ?? '', places.token);
  await snapshot(places, orders);
  const sku = await firstSku(orders);
  const orderId = await placeOrder(orders, sku);
  await directChange(places, orders, orderId);
  await otherCustomersStayPrivate(orders);
  await trace(places, orderId);
  await replayStory(places, orders);
  return { orderId, sku };
}

/** What was there before Banyan came is in the views. */
async function snapshot(places: Places, orders: Client): Promise<void> {
  say.title('1. The snapshot: what was there before');
  const found = await query<{ count: string; total: string }>(
    places.shopUrl,
    'SELECT count(*), sum(total)::text total FROM orders WHERE customer_id = 1',
  );
  const newest = await query<{ id: string; total: string }>(
    places.shopUrl,
    'SELECT id::text, total::text FROM orders WHERE customer_id = 1 AND discount = 0 ORDER BY placed_at DESC, id DESC LIMIT 1',
  );
  const page = await eventually(async () => {
    const answer = await orders.get<{ items: { orderId: string; total: string }[] }>(
      '/customers/1/orders?limit=100',
    );
    expectThat(
      answer.status === 200 && answer.data.items.length === Number(found.count),
      'all orders of customer 1 are in the view',
      answer,
    );
    return answer.data;
  }, patienceMs);
  say.request('GET', orders.url('/customers/1/orders'), 200);
  const { orderId, total } = page.items.find((order) => order.orderId === newest.id) ?? {};
  say.data({ orders: page.items.length, one: { orderId, total } });
  expectThat(
    page.items.some(({ orderId, total }) => orderId === newest.id && total === newest.total),
    'the newest order without a coupon has the total that the table has',
    page.items[0],
  );
  say.verified(`customer 1 has ${found.count} orders, in the table and in the view`);
}

/** A write goes to the monolith's own API; its view comes back by itself. */
async function placeOrder(orders: Client, sku: string): Promise<string> {
  say.title('2. An order, placed through the gateway');
  const placed = await orders.post<{ orderId: string; total: string }>('/orders', {
    lines: [{ sku, quantity: 2 }],
  });
  say.request('POST', orders.url('/orders'), placed.status);
  say.data(placed.data);
  expectThat(placed.status === 200 || placed.status === 201, 'the monolith accepted the order', placed);
  const { orderId, total } = placed.data;
  const began = performance.now();
  const read = await eventually(async () => {
    const answer = await orders.get<{
      orderId: string;
      total: string;
      status: string;
      customer: { name: string } | null;
    }>(`/orders/${orderId}`);
    expectThat(answer.status === 200, 'the order is in the view', answer);
    return answer;
  }, patienceMs);
  say.request('GET', orders.url(`/orders/${orderId}`), read.status);
  say.data({
    orderId: read.data.orderId,
    status: read.data.status,
    total: read.data.total,
    customer: read.data.customer,
    etag: read.etag,
  });
  expectThat(
    read.data.total === total && read.data.customer !== null,
    'the view has the total and the customer',
    read.data,
  );
  say.verified(
    `the order was read back ${Math.round(performance.now() - began)} ms after the monolith's answer`,
  );
  await eventually(async () => {
    // The customer's card, a view of its own, counts the order a moment later: then the answer is another one.
    const { etag } = await orders.get(`/orders/${orderId}`);
    const again = await orders.get(`/orders/${orderId}`, { 'if-none-match': etag ?? '' });
    expectThat(again.status === 304, 'unchanged, it is answered with 304', again);
  }, patienceMs);
  say.verified('asked again with its ETag: 304, not modified');
  return orderId;
}

/** Somebody repairs a row by hand, past the application. */
async function directChange(places: Places, orders: Client, orderId: string): Promise<void> {
  say.title('3. A row changed directly in the legacy database');
  const note = 'Leave it with the neighbour.';
  await query(places.shopUrl, 'UPDATE orders SET note = $1 WHERE id = $2 RETURNING id', [note, orderId]);
  say.line(`UPDATE orders SET note = '${note}' WHERE id = ${orderId}`);
  const seen = await eventually(async () => {
    const answer = await orders.get<{ note: string | null }>(`/orders/${orderId}`);
    expectThat(answer.data.note === note, 'the note is in the view', answer);
    return answer;
  }, patienceMs);
  say.request('GET', orders.url(`/orders/${orderId}`), seen.status);
  say.data({ orderId, note: seen.data.note });
  say.verified('the view has the note, and the monolith was not asked');
}

/** A read is bound to its caller. */
async function otherCustomersStayPrivate(orders: Client): Promise<void> {
  say.title('4. Reads are bound to the caller');
  const other = await orders.get('/customers/2/orders');
  say.request('GET', orders.url('/customers/2/orders'), other.status);
  expectThat(other.status === 403, "customer 1 may not read customer 2's orders", other);
  const nobody = await client(orders.url(''), '').get('/customers/1/orders');
  expectThat(nobody.status === 401, 'nobody may read without a token', nobody);
  say.verified("403 for another customer's orders, 401 without a token");
}

interface Trace {
  readonly id: string;
  readonly type: string;
  readonly committedAt: string;
  readonly stages: readonly { readonly stage: string; readonly at: string; readonly afterMs: number }[];
}

/** One event's way, with its times. */
async function trace(places: Places, orderId: string): Promise<void> {
  say.title('5. The way of one event, from commit to view');
  const options = ['--json', '--config', places.config];
  const log = 'shop:orders@1';
  const found = await askBanyan(
    ['log', 'cat', log, '--type', 'OrderPlaced', '--where', `orderId=${orderId}`, ...options],
    { env: places.env },
  );
  const id = (found.answer[0]?.['events'] as { id: string }[] | undefined)?.[0]?.id;
  expectThat(found.code === 0 && id !== undefined, 'the event is in its log', found);
  say.line(`banyan log trace ${id}`);
  const traced = await askBanyan(['log', 'trace', id, ...options], { env: places.env });
  const told = traced.answer[0] as unknown as Trace | undefined;
  expectThat(traced.code === 0 && told !== undefined, 'the event can be traced', traced);
  say.line(`${told.id}  ${told.type}`);
  say.line(`${'committed'.padEnd(28)} ${told.committedAt}`);
  for (const { stage, at, afterMs } of told.stages)
    say.line(`${stage.padEnd(28)} ${at}  +${afterMs.toFixed(1)} ms`);
  expectThat(
    told.stages.some(({ stage }) => stage.startsWith('in view')),
    'the event came into a view',
    told,
  );
  say.verified('committed, logged, translated, in the view');
}

async function firstSku(orders: Client): Promise<string> {
  const page = await orders.get<{ items: { lines: { sku: string }[] }[] }>('/customers/1/orders?limit=1');
  const sku = page.data.items[0]?.lines[0]?.sku;
  expectThat(sku !== undefined, 'customer 1 has ordered something before', page);
  return sku;
}
