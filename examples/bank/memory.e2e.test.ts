import { afterEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { postgresViews, type AtomicViewStore } from 'banyan/projections';
import pg from 'pg';
import { askBanyan, runBanyan, type BanyanProcess } from '../../kit/banyan-process.ts';
import { eventually } from '../../kit/eventually.ts';
import { watchMemory } from '../../kit/resident-memory.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { createTpcb } from '../../kit/tpcb.ts';

const config = resolve('examples/bank/banyan.config.ts');
const million = 1_000_000;
const megabytes = 400;
const limit = megabytes * 1024 * 1024;

let running: BanyanProcess | undefined;
let directory: string | undefined;
let opened: AtomicViewStore | undefined;
afterEach(async () => {
  await opened?.close();
  await running?.end('SIGKILL');
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

/*
 * G10: what is resident grows neither with the snapshot nor with the size of a transaction. All of `banyan dev` is
 * measured, from its first moment, over code that was checked before: checking the types of changed code takes the
 * compiler some 500 MB, in a process of its own that ends before anything is opened.
 */
test(`a snapshot of a million rows, then one transaction over all of them, under ${megabytes} MB`, async () => {
  const database = await testDatabase('million');
  const views = await testDatabase('million_views');
  directory = await mkdtemp(join(tmpdir(), 'banyan-million-'));
  await createTpcb(database, million);
  const env = {
    DATABASE_URL: database,
    VIEWS_URL: views,
    BANYAN_DIRECTORY: directory,
    SLOT: `million_${process.pid}`,
  };
  const checked = await askBanyan(['replay', 'history', '--json', '--config', config], { env });
  expect(checked).toMatchObject({ code: 0 });
  running = runBanyan(['dev', '--json', '--config', config], { env });
  const memory = watchMemory(running.pid);
  await running.ready;
  const store = postgresViews({ connectionString: views });
  opened = store;
  await store.prepare();
  const generation = { projection: 'account-balance', number: 1 };
  await eventually(async () => expect(await store.count(generation)).toBe(million), 600_000);
  const afterSnapshot = memory.peak();

  const client = new pg.Client({ connectionString: database });
  await client.connect();
  await client.query('UPDATE pgbench_accounts SET abalance = aid');
  await client.end();
  const last = async (): Promise<unknown> =>
    (await store.readMany(generation, [String(million)])).get(String(million))?.document;
  await eventually(async () => expect(await last()).toEqual({ balance: million, movements: 1 }), 600_000);
  const sum = await checksum(store, generation);
  memory.stop();
  expect(sum).toEqual({ documents: million, balance: (million * (million + 1)) / 2, movements: million });
  expect({
    afterSnapshot: afterSnapshot < limit,
    peak: memory.peak() < limit,
    megabytes: memory.peak() >> 20,
  }).toEqual({
    afterSnapshot: true,
    peak: true,
    megabytes: expect.any(Number),
  });
}, 1_500_000);

/** Adds up a whole view, so that a document that is missing or doubled shows. */
async function checksum(
  store: AtomicViewStore,
  generation: { readonly projection: string; readonly number: number },
): Promise<{ documents: number; balance: number; movements: number }> {
  const total = { documents: 0, balance: 0, movements: 0 };
  for (let after: string | undefined; ;) {
    const page = await store.scan(generation, { limit: 1000, ...(after === undefined ? {} : { after }) });
    for (const { document } of page.items) {
      total.documents += 1;
      total.balance += Number(document?.['balance']);
      total.movements += Number(document?.['movements']);
    }
    after = page.next;
    if (after === undefined) return total;
  }
}
