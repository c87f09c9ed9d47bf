import { relative } from 'node:path';
import { askBanyan } from '../../../kit/banyan-process.ts';
import { eventually } from '../../../kit/eventually.ts';
import type { Client } from './client.ts';
import { expectThat, query, patienceMs, type Places } from './places.ts';
import { startReaders } from './readers.ts';
import { say } from './say.ts';

interface Discounted {
  readonly id: string;
  readonly subtotal: string;
  readonly total: string;
  readonly coupon_code: string;
}

/**
 * A bug fix in a view: seen, mended, built beside the live view, compared, promoted under readers, rolled back, promoted.
 */
export async function replayStory(places: Places, orders: Client): Promise<void> {
  const order = await query<Discounted>(
    places.shopUrl,
    `SELECT id::text, subtotal::text, total::text, coupon_code FROM orders
     WHERE customer_id = 1 AND discount > 0 ORDER BY id DESC LIMIT 1`,
  );
  await wrongTotal(orders, order);
  await fix(places);
  await plan(places);
  await start(places);
  await diff(places);
  await moves(places, orders, order);
}

async function wrongTotal(orders: Client, order: Discounted): Promise<void> {
  say.title('6. A fault: the first version of the view forgot the coupons');
  const read = await orders.get<{ total: string }>(`/orders/${order.id}`);
  say.request('GET', orders.url(`/orders/${order.id}`), read.status);
  say.data({ orderId: order.id, couponCode: order.coupon_code, total: read.data.total });
  say.line(`the monolith says ${order.total}: with the coupon ${order.coupon_code}`);
  expectThat(read.data.total === order.subtotal && order.subtotal !== order.total, 'the view is wrong', read);
  say.verified('the view shows the price without the discount');
}

async function fix({ copy }: Places): Promise<void> {
  say.title('7. The fix');
  await copy.fix();
  say.line(relative(process.cwd(), copy.file));
  say.line(`- ${copy.wrong}`);
  say.line(`+ ${copy.right}`);
  say.line('What runs goes on as it was built: banyan dev was not even told.');
}

interface Plan {
  readonly views: readonly {
    readonly projection: string;
    readonly reasons: readonly { readonly kind: string }[];
  }[];
}

async function plan(places: Places): Promise<void> {
  say.title('8. banyan replay plan: what is out of date, and why');
  await told(places, ['plan']);
  const [found] = (await asked(places, ['plan'])) as unknown as [Plan];
  expectThat(
    found.views.map(({ projection }) => projection).join() === 'order-summary',
    'order-summary alone is out of date',
    found,
  );
  say.verified('one view is out of date, because of one line');
}

async function start(places: Places): Promise<void> {
  say.title('9. banyan replay start: built beside the live view');
  await told(places, ['start', 'order-summary']);
  say.verified('generation 2 is built, and fed with what happens now');
}

interface Diff {
  readonly documents: { readonly changed: number; readonly added: number; readonly removed: number };
  readonly unexplained: { readonly count: number };
}

async function diff(places: Places): Promise<void> {
  say.title('10. banyan replay diff: what the fix changes');
  await told(places, ['diff', 'order-summary', '--expect', 'total']);
  const [found] = (await asked(places, ['diff', 'order-summary', '--expect', 'total'])) as unknown as [Diff];
  const orders = await query<{ count: string }>(
    places.shopUrl,
    'SELECT count(*)::text FROM orders WHERE discount > 0',
  );
  const { changed, added, removed } = found.documents;
  expectThat(
    changed === Number(orders.count) && added + removed + found.unexplained.count === 0,
    'the totals of the discounted orders change, and nothing else',
    found,
  );
  say.verified(
    `${orders.count} orders have a discount, ${changed} documents change, in the total and nothing else`,
  );
}

async function moves(places: Places, orders: Client, order: Discounted): Promise<void> {
  say.title('11. promote, roll back, promote again, while 20 readers read');
  const readers = startReaders(orders, order.id, [order.subtotal, order.total]);
  try {
    await readers.again();
    for (const [command, total] of [
      ['promote', order.total],
      ['rollback', order.subtotal],
      ['promote', order.total],
    ] as const) {
      await told(places, [command, 'order-summary']);
      await eventually(async () => {
        const read = await orders.get<{ total: string }>(`/orders/${order.id}`);
        expectThat(read.data.total === total, `after ${command} the total is ${total}`, read);
      }, patienceMs);
      say.verified(`after ${command} the total reads ${total}`);
      await readers.again();
    }
  } finally {
    const { reads, failed } = await readers.stop();
    expectThat(failed.length === 0, 'no read failed, and none was torn', failed.slice(0, 3));
    say.verified(`${reads.toLocaleString('en-US')} reads meanwhile, none failed, none torn`);
  }
}

/** Runs a command of the replay as an operator does, and shows what it says. */
async function told(places: Places, args: readonly string[]): Promise<void> {
  say.line(`banyan replay ${args.join(' ')}`);
  const { code, answer, errors } = await askBanyan(['replay', ...args, '--config', places.config], {
    env: places.env,
  });
  for (const { text } of answer) say.line(`  ${String(text)}`);
  expectThat(code === 0, `banyan replay ${args.join(' ')} did it`, { code, errors });
}

async function asked(places: Places, args: readonly string[]): Promise<readonly unknown[]> {
  const { code, answer, errors } = await askBanyan(['replay', ...args, '--json', '--config', places.config], {
    env: places.env,
  });
  expectThat(code === 0, `banyan replay ${args.join(' ')} answered`, { code, errors });
  return answer;
}
