import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { askBanyan, runBanyan, type BanyanProcess, type DevMessage } from '../kit/banyan-process.ts';
import { eventually } from '../kit/eventually.ts';
import { testDatabase } from '../kit/test-database.ts';

/*
 * An operator's way through a fix, by the command line alone, beside a running `banyan dev`: of a projection, of a
 * translation that another group subscribes to, and of a few keys.
 */
const files = {
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
import { postgresViews } from 'banyan/projections';
import { customer } from './customer.ts';
import { Gone, Placed } from './events.ts';
import { order } from './order.ts';
import { orders } from './translation.ts';
const owner = (team: string) => ({ team, contact: '#' + team });
export default defineConfig({
  directory: process.env.LOGS,
  sources: { shop: postgres({ connectionString: process.env.DATABASE_URL, tables: ['public.*'], slot: process.env.SLOT }) },
  groups: [
    group('orders', {
      owner: owner('checkout'), publishes: [Placed, Gone], translation: orders, projections: [order],
      gateway: gateway().read('GET /orders/{id}', order.byKey('id'), { public: true }),
    }),
    group('marketing', { owner: owner('growth'), subscribes: [Placed], projections: [customer] }),
  ],
  views: postgresViews({ connectionString: process.env.VIEWS_URL }),
});`,
};

function translation(version: number, total: string): string {
  return `
import { col, table, tables } from 'banyan/cdc';
import { translation } from 'banyan/events';
import { Gone, Placed } from './events.ts';
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

function order(total: string): string {
  return `
import { projection, removed } from 'banyan/projections';
import { z } from 'zod';
import { Gone, Placed } from './events.ts';
export const order = projection('order', z.object({ customer: z.string(), total: z.number() }))
  .on(Placed, { key: (e) => e.id, apply: (_, e) => ({ customer: e.customer, total: ${total} }) })
  .on(Gone, { key: (e) => e.id, apply: () => removed });`;
}

let directory: string;
let env: Record<string, string>;
let client: pg.Client;
let dev: BanyanProcess | undefined;
let gateway: string;

beforeEach(async () => {
  // Within the project, so that "banyan/..." means this package.
  await mkdir(resolve('.banyan'), { recursive: true });
  directory = await mkdtemp(resolve('.banyan', 'replay-e2e-'));
  const database = await testDatabase('replay');
  client = new pg.Client({ connectionString: database });
  await client.connect();
  await client.query(
    `CREATE TABLE orders (id bigint PRIMARY KEY, customer text NOT NULL, amount int NOT NULL, discount int NOT NULL);
     INSERT INTO orders SELECT n, 'c' || n % 10, n, CASE WHEN n % 4 = 0 THEN 1 ELSE 0 END FROM generate_series(1, 400) n`,
  );
  env = {
    DATABASE_URL: database,
    VIEWS_URL: await testDatabase('replay_views'),
    LOGS: join(directory, 'logs'),
    SLOT: `replay_${new URL(database).pathname.slice(1)}`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  dev = runBanyan(['dev', '--json', '--no-type-check', '--config', join(directory, 'banyan.config.ts')], {
    env,
  });
  const ready = await dev.ready;
  gateway = (ready['gateways'] as { url: string }[])[0]?.url ?? '';
  await eventually(async () => expect(await total(400)).toBe(400));
});
afterEach(async () => {
  await dev?.end('SIGKILL');
  await client.end();
  await rm(directory, { recursive: true, force: true });
});

/** The total of an order as its gateway tells it; undefined when there is none. */
async function total(id: number): Promise<number | undefined> {
  const answer = await fetch(`${gateway}/orders/${id}`);
  return answer.status === 200
    ? ((await answer.json()) as { data: { total: number } }).data.total
    : undefined;
}

interface Ran {
  readonly code: number | NodeJS.Signals;
  readonly answer: readonly DevMessage[];
  readonly errors: string;
}

async function replay(...args: string[]): Promise<Ran> {
  return askBanyan(
    ['replay', ...args, '--json', '--no-type-check', '--config', join(directory, 'banyan.config.ts')],
    { env },
  );
}

/** The only answer of a command that must do it. */
async function done(...args: string[]): Promise<Record<string, unknown>> {
  const { code, answer, errors } = await replay(...args);
  expect({ args, code, errors, answer: code === 0 ? '' : answer }).toEqual({
    args,
    code: 0,
    errors: '',
    answer: '',
  });
  return answer.at(-1) ?? {};
}

/** The code of the error of a command that must fail. */
async function refused(...args: string[]): Promise<[number | NodeJS.Signals, string]> {
  const { code, answer } = await replay(...args);
  return [code, (answer.at(-1)?.['error'] as { code: string } | undefined)?.code ?? JSON.stringify(answer)];
}

test('a projection: planned, built, compared, promoted, rolled back, retired', async () => {
  expect(await done('plan')).toMatchObject({ views: [], current: ['order', 'customer-total'] });
  expect(await refused('start', 'order')).toEqual([1, 'REPLAY_NOTHING']);
  await writeFile(join(directory, 'order.ts'), order('e.total + 1000'));
  expect(await done('plan')).toMatchObject({
    views: [{ projection: 'order', group: 'orders', live: 1, isBuilt: false, reasons: [{ kind: 'code' }] }],
    current: ['customer-total'],
  });
  // Nothing is built by a dry run.
  await done('start', 'order', '--dry-run');
  expect(await refused('diff', 'order')).toEqual([1, 'REPLAY_NOT_READY']);
  expect(await done('start', 'order', '--why', 'thousands')).toMatchObject({
    event: 'built',
    projection: 'order',
    generation: 2,
    documents: 400,
  });
  expect(await refused('promote', 'order')).toEqual([1, 'REPLAY_NOT_COMPARED']);
  expect(await refused('diff', 'order')).toEqual([1, 'REPLAY_UNEXPLAINED']);
  expect(await refused('diff', 'order', '--expect', 'customer')).toEqual([1, 'REPLAY_UNEXPLAINED']);
  expect(await refused('promote', 'order')).toEqual([1, 'REPLAY_UNEXPLAINED']);
  expect(await refused('promote', 'order', '--force')).toEqual([2, 'USAGE']);
  // Both generations are fed while the new one waits.
  await client.query(`INSERT INTO orders VALUES (401, 'c1', 401, 0); DELETE FROM orders WHERE id = 7`);
  expect(await done('diff', 'order', '--expect', 'total')).toMatchObject({
    documents: { added: 0, removed: 0, changed: 400, unchanged: 0 },
    unexplained: { count: 0 },
  });
  expect(await total(400)).toBe(400);
  await done('promote', 'order', '--dry-run');
  expect(await total(400)).toBe(400);
  expect(await done('promote', 'order')).toMatchObject({ moves: [{ name: 'order', from: 1, to: 2 }] });
  await eventually(async () =>
    expect([await total(400), await total(401), await total(7)]).toEqual([1400, 1401, undefined]),
  );
  await client.query(`INSERT INTO orders VALUES (402, 'c2', 402, 0)`);
  await eventually(async () => expect(await total(402)).toBe(1402));
  await done('rollback', 'order');
  await eventually(async () => expect([await total(400), await total(402)]).toEqual([400, 402]));
  await done('promote', 'order');
  await eventually(async () => expect(await total(400)).toBe(1400));
  expect(await refused('retire', 'order:2')).toEqual([1, expect.stringMatching(/^REPLAY_/)]);
  expect(await refused('retire', 'order:1')).toEqual([2, 'USAGE']);
  await done('retire', 'order:1', '--yes');
  expect(await refused('rollback', 'order')).toEqual([1, expect.stringMatching(/^REPLAY_/)]);
  const { answer } = await replay('history', 'order');
  const actions = (answer as unknown as { action: string; why?: string }[][])[0] ?? [];
  expect(actions.map(({ action }) => action)).toEqual([
    ...['start', 'finish', 'diff', 'diff', 'diff', 'promote', 'rollback', 'promote', 'retire'],
  ]);
  expect(actions[0]).toMatchObject({ why: 'thousands' });
}, 180_000);

test('a translation: its new version is built first, its own views follow, other groups stay until they rebuild', async () => {
  await writeFile(join(directory, 'translation.ts'), translation(1, 'o.amount - o.discount'));
  expect(await done('plan')).toMatchObject({
    translations: [{ kind: 'same-version', log: 'shop:orders@1' }],
  });
  await writeFile(join(directory, 'translation.ts'), translation(2, 'o.amount - o.discount'));
  const subscribers = [
    { projection: 'order', group: 'orders' },
    { projection: 'customer-total', group: 'marketing', owner: { team: 'growth', contact: '#growth' } },
  ];
  expect(await done('plan')).toMatchObject({
    translations: [{ kind: 'build', log: 'shop:orders@2', from: 'shop:orders@1', subscribers }],
  });
  const started = await replay('start', 'order');
  expect(started.answer.map(({ event }) => event)).toEqual(['translated', 'built']);
  await client.query(`INSERT INTO orders VALUES (401, 'c1', 500, 9)`);
  await done('diff', 'order', '--expect', 'total');
  await done('promote', 'order');
  await eventually(async () => expect([await total(400), await total(401)]).toEqual([399, 491]));
  // The other group's view goes on, fed by version 1.
  const plan = (await done('plan')) as { views: { projection: string; reasons: { kind: string }[] }[] };
  expect(plan.views.map(({ projection }) => projection)).toEqual(['customer-total']);
  await done('retire', 'order:1', '--yes');
  await done('start', 'customer-total');
  await done('diff', 'customer-total', '--expect', 'spent');
  await done('promote', 'customer-total');
  expect(await done('retire', 'customer-total:1', '--yes')).toMatchObject({
    translationsNoLongerNeeded: [{ translation: 'orders', version: 1 }],
  });
  await client.query(`INSERT INTO orders VALUES (402, 'c2', 500, 8)`);
  await eventually(async () => expect(await total(402)).toBe(492));
  expect(await done('plan')).toMatchObject({ translations: [], views: [] });
}, 180_000);

test('a few keys: built anew beside a copy of the others; a wrong claim is found', async () => {
  await writeFile(join(directory, 'order.ts'), order(`e.customer === 'c3' ? 0 : e.total`));
  expect(await done('start', 'order', '--where', 'customer=c3')).toMatchObject({
    narrow: { affected: 40, copied: 360 },
  });
  expect(await done('diff', 'order', '--expect', 'total')).toMatchObject({
    documents: { changed: 40, unchanged: 360 },
  });
  await done('promote', 'order');
  await eventually(async () => expect([await total(3), await total(4)]).toEqual([0, 4]));
  await writeFile(join(directory, 'order.ts'), order('e.total * 2'));
  expect(await refused('start', 'order', '--where', 'customer=c3')).toEqual([1, 'REPLAY_NOT_NARROW']);
  expect(await refused('promote', 'order')).toEqual([1, expect.stringMatching(/^REPLAY_/)]);
}, 180_000);
