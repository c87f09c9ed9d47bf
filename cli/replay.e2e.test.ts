import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { describeWith, emulator } from '../kit/aws/emulators.ts';
import { uniqueName } from '../kit/aws/test-names.ts';
import type { BanyanProcess } from '../kit/banyan-process.ts';
import { eventually } from '../kit/eventually.ts';
import { areSettled, viewFigures } from '../kit/view-figures.ts';
import {
  askReplay,
  doneReplay,
  openReplayEnvironment,
  refusedReplay,
  startDev,
  type Ran,
  type ReplayEnvironment,
} from './testing/replay-environment.ts';
import { order, projectFiles, translation, type ViewsCode } from './testing/replay-files.ts';
import { inDynamodb } from './testing/views-in-dynamodb.ts';

/*
 * An operator's way through a fix, by the command line alone, beside a running `banyan dev`: of a projection, of a
 * translation that another group subscribes to, and of a few keys; the latter with views in DynamoDB too.
 */
const dynamodb = await emulator('dynamodb');

const files = (views?: ViewsCode): Readonly<Record<string, string>> =>
  projectFiles(
    `
    group('orders', {
      owner: owner('checkout'), publishes: [Placed, Gone], translation: orders, projections: [order],
      gateway: gateway().read('GET /orders/{id}', order.byKey('id'), { public: true }),
    }),
    group('marketing', { owner: owner('growth'), subscribes: [Placed], projections: [customer] }),
  `,
    views,
  );

let environment: ReplayEnvironment;
let client: ReplayEnvironment['client'];
let dev: BanyanProcess | undefined;
let gateway: string;

async function begin(views?: ViewsCode): Promise<void> {
  environment = await openReplayEnvironment(files(views));
  client = environment.client;
  await client.query(
    `INSERT INTO orders SELECT n, 'c' || n % 10, n, CASE WHEN n % 4 = 0 THEN 1 ELSE 0 END FROM generate_series(1, 400) n`,
  );
  dev = startDev(environment);
  const ready = await dev.ready;
  gateway = (ready['gateways'] as { url: string }[])[0]?.url ?? '';
  // On an unordered bus the last one says nothing of the others.
  const config = join(environment.project, 'banyan.config.ts');
  await eventually(async () => {
    const views = await viewFigures(config, environment.env);
    expect(views.map(({ documents }) => documents)).toEqual([400, 10]);
    expect(areSettled(views)).toBe(true);
  });
}

async function end(): Promise<void> {
  await dev?.end('SIGKILL');
  await environment.close();
}

/** The total of an order as its gateway tells it; undefined when there is none. */
async function total(id: number): Promise<number | undefined> {
  const answer = await fetch(`${gateway}/orders/${id}`);
  return answer.status === 200
    ? ((await answer.json()) as { data: { total: number } }).data.total
    : undefined;
}

const replay = (...args: string[]): Promise<Ran> => askReplay(environment, ...args);
const done = (...args: string[]): Promise<Record<string, unknown>> => doneReplay(environment, ...args);
const refused = (...args: string[]): ReturnType<typeof refusedReplay> => refusedReplay(environment, ...args);

describe('views in Postgres', () => {
  beforeEach(() => begin(), 120_000);
  afterEach(end);

  test('a projection: planned, built, compared, promoted, rolled back, retired', async () => {
    expect(await done('plan')).toMatchObject({ views: [], current: ['order', 'customer-total'] });
    expect(await refused('start', 'order')).toEqual([1, 'REPLAY_NOTHING']);
    await environment.write({ 'order.ts': order('e.total + 1000') });
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
    await environment.write({ 'translation.ts': translation(1, 'o.amount - o.discount') });
    expect(await done('plan')).toMatchObject({
      translations: [{ kind: 'same-version', log: 'shop:orders@1' }],
    });
    await environment.write({ 'translation.ts': translation(2, 'o.amount - o.discount') });
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

  aFewKeys();

  test('keys whose events cannot be applied: parked, told, not promoted but by force, and freed by a fix', async () => {
    await environment.write({ 'order.ts': order(`e.total % 100 === 7 ? JSON.parse('no') : e.total`) });
    const first = expect.objectContaining({ key: '107', code: 'HANDLER_THREW' });
    expect(await done('start', 'order')).toMatchObject({
      ...{ event: 'built', documents: 400, parked: { count: 4, first: [first, {}, {}, {}] } },
    });
    expect(await done('diff', 'order', '--expect', '-')).toMatchObject({
      documents: { removed: 4, unchanged: 396 },
      parked: { live: 0, next: 4, freed: 0, added: 4 },
    });
    expect(await refused('promote', 'order')).toEqual([1, 'REPLAY_PARKED']);
    await done('promote', 'order', '--force', '--why', 'they can wait');
    await eventually(async () => expect([await total(7), await total(8)]).toEqual([undefined, 8]));
    // All else goes on.
    await client.query(`INSERT INTO orders VALUES (401, 'c1', 401, 0), (407, 'c1', 407, 0)`);
    await eventually(async () => expect(await total(401)).toBe(401));
    expect(await done('plan')).toMatchObject({ views: [], parked: [{ count: 5, isFoldedAnew: false }] });
    await environment.write({ 'order.ts': order('e.total * 1') });
    expect(await done('plan')).toMatchObject({
      views: [{ reasons: [{ kind: 'code' }, { kind: 'parked', keys: 5 }] }],
      parked: [{ projection: 'order', live: 2, count: 5, isFoldedAnew: true }],
    });
    // Named or not, what is parked is built anew.
    expect(await done('start', 'order', '--keys', '7')).toMatchObject({
      ...{ parked: { count: 0 }, narrow: { affected: 5 } },
    });
    expect(await done('diff', 'order')).toMatchObject({
      documents: { added: 5, unchanged: 397 },
      parked: { live: 5, next: 0, freed: 5, added: 0 },
      unexplained: { count: 0 },
    });
    await done('promote', 'order');
    await eventually(async () => expect([await total(7), await total(407)]).toEqual([7, 407]));
  }, 180_000);
});

describeWith([dynamodb], 'views in DynamoDB', () => {
  beforeEach(() => begin(inDynamodb(dynamodb, `'${uniqueName()}'`)), 120_000);
  afterEach(end);

  aFewKeys();
});

function aFewKeys(): void {
  test('a few keys: built anew beside a copy of the others; a wrong claim is found', async () => {
    await environment.write({ 'order.ts': order(`e.customer === 'c3' ? 0 : e.total`) });
    expect(await done('start', 'order', '--where', 'customer=c3')).toMatchObject({
      narrow: { affected: 40, copied: 360 },
    });
    expect(await done('diff', 'order', '--expect', 'total')).toMatchObject({
      documents: { changed: 40, unchanged: 360 },
    });
    await done('promote', 'order');
    await eventually(async () => expect([await total(3), await total(4)]).toEqual([0, 4]));
    await environment.write({ 'order.ts': order('e.total * 2') });
    expect(await refused('start', 'order', '--where', 'customer=c3')).toEqual([1, 'REPLAY_NOT_NARROW']);
    expect(await refused('promote', 'order')).toEqual([1, expect.stringMatching(/^REPLAY_/)]);
  }, 180_000);
}
