import { afterEach, expect, test } from '@jest/globals';
import { resolve } from 'node:path';
import { createGatewayApp, jwt } from 'banyan/gateway';
import { closeAll, silentLogger, type Closeable } from 'banyan/runtime';
import { describeWith, emulator, endpointOf } from '../../../kit/aws/emulators.ts';
import { askBanyan, runBanyan } from '../../../kit/banyan-process.ts';
import { eventually } from '../../../kit/eventually.ts';
import { areSettled, viewFigures } from '../../../kit/view-figures.ts';
import { startLoad } from '../monolith/load-generator.ts';
import orders from '../orders/group.ts';
import { startShop, type RunningShop } from './testing/running-shop.ts';

const dynamodb = await emulator('dynamodb');
const ministack = await emulator('ministack');

const config = resolve('examples/shop/aws.config.ts');
const flags = ['--json', '--no-type-check', '--config', config];

const started: Closeable[] = [];
afterEach(() => closeAll(started.splice(0)));

function begun<Started extends Closeable>(one: Started): Started {
  started.push(one);
  return one;
}

describeWith([dynamodb, ministack], 'the shop on EventBridge, SQS and DynamoDB', () => {
  test('sells, and its views are what its books say', async () => {
    const shop = begun(await startShop(endpointOf(dynamodb), endpointOf(ministack), 'shop_aws'));
    const { env } = shop;
    const run = runBanyan(['run', ...flags], { env });
    begun({ close: () => run.end('SIGKILL').then(() => undefined) });
    await run.ready;
    const deployment = shop.deployment(() => undefined);
    await eventually(() => deployment.look());
    expect(deployment.deployed.size).toBe(5);

    const load = begun(
      await startLoad({ url: shop.monolithUrl, concurrency: 2, actions: 100, knownCustomers: 30 }),
    );
    expect(await load.ended).toMatchObject({ done: 100, failed: 0 });
    await expectAsTheBooksSay(env);
    expect(shop.proxy.figures.calls).toBeGreaterThan(0);
    await expectServed(shop);
  }, 300_000);
});

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
