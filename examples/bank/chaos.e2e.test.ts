import { afterEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { askBanyan, runBanyan, type BanyanProcess } from '../../kit/banyan-process.ts';
import { eventually } from '../../kit/eventually.ts';
import { seeded } from '../../kit/seeded.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { createTpcb, runTpcb } from '../../kit/tpcb.ts';
import { areSettled, suspectedLost, viewFigures } from '../../kit/view-figures.ts';

const config = resolve('examples/bank/banyan.config.ts');
const seed = Number(process.env['BANYAN_SEED'] ?? Date.now() % 1_000_000);
const [accounts, transactions] = [300, 3_000];

let running: BanyanProcess | undefined;
let directory: string | undefined;
afterEach(async () => {
  await running?.end('SIGKILL');
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

/*
 * G3 and G9's other half: nothing is parked that is right. Each movement is told as a difference, so one that the bus
 * lost or brought twice would show in every later balance.
 */
test(`pgbench on a hostile bus, killed once: every balance is right, and each loss is counted (seed ${String(seed)})`, async () => {
  const random = seeded(seed);
  const [database, views] = [await testDatabase('bank_chaos'), await testDatabase('bank_chaos_views')];
  directory = await mkdtemp(join(tmpdir(), 'banyan-bank-chaos-'));
  await createTpcb(database, accounts);
  const env = {
    DATABASE_URL: database,
    VIEWS_URL: views,
    BANYAN_DIRECTORY: directory,
    SLOT: `chaos_${String(process.pid)}`,
  };
  const start = (): BanyanProcess =>
    runBanyan(['dev', '--json', '--chaos', String(seed), '--config', config], { env });
  running = start();
  await running.ready;
  expect(running.messages).toContainEqual({ event: 'chaos', seed });

  let done = 0;
  const load = runTpcb(database, {
    ...{ clients: 3, transactions, accounts, seed },
    onTransaction: (count) => (done = count),
  });
  const killAt = Math.floor(random() * transactions * 0.8);
  await eventually(() => expect(done).toBeGreaterThanOrEqual(killAt), 120_000);
  await running.end('SIGKILL');
  running = start();
  await running.ready;
  expect(await load).toBe(transactions);

  const verify = (): ReturnType<typeof askBanyan> =>
    askBanyan(['verify', '--json', '--config', config], { env });
  await eventually(async () => expect((await verify()).code).toBe(0), 120_000);
  await eventually(async () => expect(areSettled(await viewFigures(config, env))).toBe(true), 120_000);
  expect((await verify()).answer).toMatchObject([
    { projection: 'account-balance', documents: accounts, equal: accounts },
    { projection: 'desk-balance', documents: 11, equal: 11 },
    { projection: 'booked', different: 0, onlyInView: 0, onlyInDatabase: 0 },
  ]);
  // The bus has done its worst, and what it lost was found.
  expect(suspectedLost(await viewFigures(config, env))).toBeGreaterThan(0);
  await running.end();
  const figures = running.messages.find(({ event }) => event === 'chaos-end');
  expect(Number(figures?.['repeated'])).toBeGreaterThan(0);

  // Without the hostile bus the same views go on where it left them.
  running = runBanyan(['dev', '--json', '--config', config], { env: { ...env, BANYAN_CHAOS: '' } });
  await running.ready;
  await runTpcb(database, { clients: 2, transactions: 200, accounts, seed: seed + 1 });
  await eventually(async () => expect((await verify()).code).toBe(0), 120_000);
}, 600_000);
