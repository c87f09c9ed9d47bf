import { afterEach, expect, test } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { askBanyan, runBanyan, type BanyanProcess } from '../../kit/banyan-process.ts';
import { eventually } from '../../kit/eventually.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { createTpcb, runTpcb } from '../../kit/tpcb.ts';

const config = resolve('examples/bank/banyan.config.ts');

let running: BanyanProcess | undefined;
let directory: string | undefined;
afterEach(async () => {
  await running?.end('SIGKILL');
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

test('banyan verify: exit code 0 when all is right, 1 with what differs, told as JSON and as text', async () => {
  const [database, views] = [await testDatabase('bank_verify'), await testDatabase('bank_verify_views')];
  directory = await mkdtemp(join(tmpdir(), 'banyan-bank-'));
  await createTpcb(database, 500);
  const env = {
    DATABASE_URL: database,
    VIEWS_URL: views,
    BANYAN_DIRECTORY: directory,
    SLOT: `verify_${String(process.pid)}`,
  };
  const verify = (...args: string[]) => askBanyan(['verify', ...args, '--config', config], { env });
  const early = await verify('--json');
  expect(early).toMatchObject({ code: 1, answer: [{ error: { code: 'DEV_NOT_RUNNING' } }] });

  running = runBanyan(['dev', '--json', '--config', config], { env });
  await running.ready;
  await runTpcb(database, { clients: 2, transactions: 100, accounts: 500 });
  await eventually(async () => expect((await verify('--json')).code).toBe(0), 60_000);
  const { answer } = await verify('--json');
  expect(answer.map(({ projection, documents, equal }) => ({ projection, documents, equal }))).toEqual([
    { projection: 'account-balance', documents: 500, equal: 500 },
    { projection: 'desk-balance', documents: 11, equal: 11 },
    { projection: 'booked', documents: expect.any(Number), equal: answer[2]?.['documents'] },
  ]);

  const client = new pg.Client({ connectionString: views });
  await client.connect();
  await client.query(
    `UPDATE banyan."account-balance.g1" SET document = '{"balance": 7777777, "movements": 0}' WHERE key = '499'`,
  );
  await client.end();
  const wrong = await verify('account-balance', '--json');
  expect(wrong.code).toBe(1);
  expect(wrong.answer).toMatchObject([
    { different: 1, differences: [{ key: '499', fields: [{ path: 'balance', view: 7_777_777 }] }] },
    { error: { code: 'VERIFY_DIFFERENT' } },
  ]);
  const text = (await verify('account-balance')).answer.map((line) => String(line['text'])).join('\n');
  expect(text).toMatch(/^499 +balance +7777777 +-?\d+$/m);
  expect(await verify('nothing', '--json')).toMatchObject({
    code: 1,
    answer: [{ error: { code: 'VERIFY_NOT_DECLARED' } }],
  });
  expect(await verify('account-balance', '--generation', '9', '--json')).toMatchObject({
    code: 1,
    answer: [{ error: { code: 'GENERATION_UNKNOWN' } }],
  });

  // A better query must make no view out of date: it is in no bundle.
  const bundles = join(directory, 'bundles');
  const texts = await Promise.all(
    (await readdir(bundles))
      .filter((file) => file.endsWith('.mjs'))
      .map((file) => readFile(join(bundles, file), 'utf8')),
  );
  expect(texts.length).toBeGreaterThan(3);
  expect(texts.filter((text) => text.includes('FROM public.'))).toEqual([]);
}, 180_000);
