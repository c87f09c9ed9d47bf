import { afterEach, expect, jest, test } from '@jest/globals';
import { appendFile, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createGatewayApp, jwt } from 'banyan/gateway';
import { closeAll, silentLogger, type Closeable } from 'banyan/runtime';
import { isOnAccount, patience } from '../../../kit/aws/account.ts';
import { describeWith, emulator, endpointOf } from '../../../kit/aws/emulators.ts';
import { askBanyan, runBanyan } from '../../../kit/banyan-process.ts';
import { eventually } from '../../../kit/eventually.ts';
import { seeded } from '../../../kit/seeded.ts';
import { areSettled, viewFigures } from '../../../kit/view-figures.ts';
import { startLoad } from '../monolith/load-generator.ts';
import orders from '../orders/group.ts';
import { noAccident, storm, type Accident } from './testing/accidents.ts';
import type { Deployed, Deployment } from './testing/deployment.ts';
import { redrive, switchRule } from './testing/queues.ts';
import { groups, startShop, type RunningShop } from './testing/running-shop.ts';

const dynamodb = await emulator('dynamodb');
const ministack = await emulator('ministack');
const runtimeClient = await emulator('lambda-ric');

jest.setTimeout(300_000 * patience);

const config = resolve('examples/shop/aws.config.ts');
const flags = ['--json', '--no-type-check', '--config', config];

const seed = Number(process.env['BANYAN_SEED'] ?? Date.now() % 1_000_000);

const started: Closeable[] = [];
afterEach(() => closeAll(started.splice(0)));

function begun<Started extends Closeable>(one: Started): Started {
  started.push(one);
  return one;
}

describeWith([dynamodb, ministack, runtimeClient], 'the shop on EventBridge, SQS and DynamoDB', () => {
  async function opened(name: string, accident: () => Accident = () => noAccident) {
    const shop = begun(await startShop(dynamodb, ministack, name));
    const run = runBanyan(['run', ...flags], { env: shop.env });
    begun({ close: () => run.end('SIGKILL').then(() => undefined) });
    await run.ready;
    const deployment = shop.deployment(endpointOf(runtimeClient), accident);
    // As an operator does for the first time: it waits for what is deployed meanwhile.
    const views = groups.flatMap(({ projections }) => projections.map((view) => view.name));
    const building = askBanyan(['replay', 'start', ...views, ...flags], { env: shop.env });
    await eventually(async () => {
      const begun = await Promise.all(views.map((view) => shop.store.generations(view)));
      expect(begun.flat()).toHaveLength(views.length);
    }, 120_000);
    deployment.follow();
    const { code, errors, answer } = await building;
    expect({ code, errors }).toMatchObject({ code: 0 });
    for (const view of views) {
      const waited = { event: 'subscribing', subscription: `${view}.g1` };
      expect(answer).toContainEqual(expect.objectContaining(waited));
    }
    expect(deployment.deployed.size).toBe(views.length);
    return { shop, deployment };
  }

  async function sell({ monolithUrl: url }: RunningShop, actions: number): Promise<void> {
    const load = begun(await startLoad({ url, concurrency: 2, actions, knownCustomers: 30, seed }));
    expect(await load.ended).toMatchObject({ done: actions, failed: 0 });
  }

  test('sells, and its views are what its books say', async () => {
    const { shop } = await opened('shop_aws');
    await sell(shop, 100);
    await expectAsTheBooksSay(shop.env);
    expect(shop.proxy.figures.calls).toBeGreaterThan(0);
    await expectServed(shop);
  });

  test(`a rule is off for a while, half of all batches fail, dead letters are redriven (seed ${String(seed)})`, async () => {
    const strike = storm(seeded(seed));
    let isStormy = false;
    const { shop, deployment } = await opened('shop_aws_faults', () => (isStormy ? strike() : noAccident));
    const summary = deployedOf(deployment, 'order-summary.g1');
    const healedBefore = await healedOf(shop.env);
    await switchRule(shop.place, summary.events.rule, 'off');
    await sell(shop, 60);
    // Nothing else has failed so far: only what the rule did not bring is healed. An account's is off within a minute.
    await eventually(async () => {
      if (isOnAccount) await sell(shop, 5);
      expect(await healedOf(shop.env)).toBeGreaterThan(healedBefore);
    }, 60_000);
    await switchRule(shop.place, summary.events.rule, 'on');
    isStormy = true;
    await sell(shop, 60);
    await expectAsTheBooksSay(shop.env);

    let [redriven, failed, killed] = [0, 0, 0];
    for (const { events, source, projector } of deployment.deployed.values()) {
      failed += source.figures.failed;
      killed += projector.figures.killed;
      redriven += await redrive(shop.place, events);
    }
    expect(failed).toBeGreaterThan(killed);
    expect(killed).toBeGreaterThan(0);
    expect(redriven).toBeGreaterThan(0);
    await sell(shop, 20);
    await expectAsTheBooksSay(shop.env);
  });

  test('a view is built anew, promoted and rolled back while the shop sells', async () => {
    const { shop } = await opened('shop_aws_replay');
    const { env } = shop;
    const selling = sell(shop, 150);
    const fixed = await fixedShop();
    const replay = async (...args: readonly string[]): Promise<void> => {
      const told = await askBanyan(
        ['replay', ...args, 'order-summary', '--json', '--no-type-check', '--config', fixed],
        { env },
      );
      if (told.code !== 0) throw new Error(JSON.stringify({ args, told }));
    };
    await replay('start', '--why', 'a test');
    const live = async () => (await shop.store.pointer('orders'))?.live['order-summary'];
    expect(await live()).toBe(1);
    await replay('diff');
    await replay('promote', '--timeout', '180');
    expect(await live()).toBe(2);
    await expectServed(shop);
    await replay('rollback', '--timeout', '180');
    expect(await live()).toBe(1);
    await selling;
    await expectAsTheBooksSay(env);
    const second = await askBanyan(['verify', 'order-summary', '--generation', '2', ...flags], { env });
    expect(second.answer.flatMap(({ differences }) => differences)).toEqual([]);
    expect(second.code).toBe(0);
  });
});

/** The shop's code with a change in order-summary that leaves its documents as they are; its configuration. */
async function fixedShop(): Promise<string> {
  // Within the project, so that "banyan/..." means this package.
  await mkdir(resolve('.banyan'), { recursive: true });
  const directory = await mkdtemp(resolve('.banyan', 'fixed-shop-'));
  begun({ close: () => rm(directory, { recursive: true, force: true }) });
  await cp(resolve('examples/shop'), directory, {
    recursive: true,
    filter: (path) => !path.includes('.banyan'),
  });
  await appendFile(
    join(directory, 'orders', 'order-summary.ts'),
    '\nObject.assign(globalThis, { fixed: 1 });\n',
  );
  return join(directory, 'aws.config.ts');
}

function deployedOf({ deployed }: Deployment, id: string): Deployed {
  const found = deployed.get(id);
  if (!found) throw new Error(`${id} is not deployed.`);
  return found;
}

/** Events of order-summary that the tracker took from the event log. */
async function healedOf(env: NodeJS.ProcessEnv): Promise<number> {
  const views = await viewFigures(config, env);
  return views.find(({ projection }) => projection === 'order-summary')?.healed ?? 0;
}

async function expectAsTheBooksSay(env: NodeJS.ProcessEnv): Promise<void> {
  const verify = (): ReturnType<typeof askBanyan> => askBanyan(['verify', ...flags], { env });
  await eventually(async () => expect(areSettled(await viewFigures(config, env))).toBe(true), 120_000);
  const { code, answer, errors } = await verify();
  expect({ code, errors }).toMatchObject({ code: 0 });
  expect(answer.map(({ projection }) => projection)).toHaveLength(5);
  expect(answer.flatMap(({ differences }) => differences)).toEqual([]);
}

/** A gateway on Node reads what the functions wrote. */
async function expectServed({ store, issuer }: RunningShop): Promise<void> {
  const { name, owner, gateway } = orders;
  if (!gateway) throw new Error('The group orders has a gateway.');
  const identity = jwt({ jwksUrl: issuer.jwksUrl, issuer: issuer.issuer, audience: 'shop' });
  const app = createGatewayApp({ group: { name, owner }, gateway, store, logger: silentLogger, identity });
  const token = await issuer.sign({ sub: 'clerk', scope: 'staff' });
  const answered = await app.request('/orders/1', { headers: { authorization: `Bearer ${token}` } });
  expect({ status: answered.status, body: await answered.json() }).toMatchObject({
    status: 200,
    body: { status: 'success', data: { orderId: '1' } },
  });
}
