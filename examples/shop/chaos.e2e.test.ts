import { afterEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { closeAll, type Closeable } from 'banyan/runtime';
import { askBanyan, runBanyan } from '../../kit/banyan-process.ts';
import { eventually } from '../../kit/eventually.ts';
import { startLocalIssuer } from '../../kit/local-issuer.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { areSettled, suspectedLost, viewFigures } from '../../kit/view-figures.ts';
import { startLoad } from './monolith/load-generator.ts';
import { seed as seedShop } from './monolith/seeder.ts';
import { startMonolith } from './monolith/server.ts';

const config = resolve('examples/shop/banyan.config.ts');
const seed = Number(process.env['BANYAN_SEED'] ?? Date.now() % 1_000_000);

const started: Closeable[] = [];
afterEach(() => closeAll(started.splice(0)));

function begun<Started extends Closeable>(one: Started): Started {
  started.push(one);
  return one;
}

test(`the shop sells while the bus is hostile: its views are what its books say (seed ${String(seed)})`, async () => {
  const [url, viewsUrl] = [await testDatabase('shop_chaos'), await testDatabase('shop_chaos_views')];
  const directory = await mkdtemp(join(tmpdir(), 'banyan-shop-chaos-'));
  begun({ close: () => rm(directory, { recursive: true, force: true }) });
  await seedShop(url, { customers: 30, products: 20, orders: 200 });
  const issuer = await startLocalIssuer();
  begun({ close: () => issuer.close() });
  const { jwksUrl } = issuer;
  const monolith = begun(await startMonolith({ databaseUrl: url, port: 0, jwksUrl }));
  const env = {
    SHOP_DATABASE_URL: url,
    VIEWS_URL: viewsUrl,
    MONOLITH_URL: monolith.url,
    JWKS_URL: jwksUrl,
    JWT_ISSUER: issuer.issuer,
    BANYAN_DIRECTORY: directory,
  };
  const dev = runBanyan(['dev', '--json', '--chaos', String(seed), '--config', config], { env });
  begun({ close: () => dev.end('SIGKILL').then(() => undefined) });
  await dev.ready;
  const load = begun(
    await startLoad({ url: monolith.url, concurrency: 4, actions: 600, knownCustomers: 30, seed }),
  );
  expect(await load.ended).toMatchObject({ done: 600, failed: 0 });

  const verify = (): ReturnType<typeof askBanyan> =>
    askBanyan(['verify', '--json', '--config', config], { env });
  await eventually(async () => expect((await verify()).code).toBe(0), 120_000);
  await eventually(async () => expect(areSettled(await viewFigures(config, env))).toBe(true), 120_000);
  const { answer } = await verify();
  expect(answer.map(({ projection }) => projection)).toHaveLength(5);
  expect(answer.flatMap(({ differences }) => differences)).toEqual([]);

  // Every event that the bus lost was missed, and found; one that merely came late may be among them still.
  await dev.end();
  const figures = dev.messages.find(({ event }) => event === 'chaos-end');
  const dropped = Number(figures?.['dropped']);
  expect(dropped).toBeGreaterThan(0);
  expect(Number(figures?.['repeated'])).toBeGreaterThan(0);
  expect(suspectedLost(await viewFigures(config, env))).toBeGreaterThanOrEqual(dropped);
}, 300_000);
