import { afterEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { postgresViews, type AtomicViewStore } from 'banyan/projections';
import pg from 'pg';
import { runBanyan, askBanyan, type BanyanProcess } from '../../kit/banyan-process.ts';
import { eventually } from '../../kit/eventually.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { seeded } from '../../kit/seeded.ts';
import { createTpcb, runTpcb } from '../../kit/tpcb.ts';

const config = resolve('examples/bank/banyan.config.ts');
const accounts = 20_000;
const seed = Number(process.env['BANYAN_SEED'] ?? Date.now() % 1_000_000);

let running: BanyanProcess | undefined;
let directory: string | undefined;
let store: AtomicViewStore | undefined;
afterEach(async () => {
  await store?.close();
  await running?.end('SIGKILL');
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

/*
 * G1, G2 and exactly once, as an operator would lose sleep over them: pgbench's TPC-B runs, the process is killed at
 * random and started again, and afterwards each balance is the sum of its movements, row by row.
 */
test(`the views equal the tables after five kills (seed ${String(seed)})`, async () => {
  const random = seeded(seed);
  const database = await testDatabase('bank');
  const views = await testDatabase('bank_views');
  directory = await mkdtemp(join(tmpdir(), 'banyan-bank-'));
  const env = {
    DATABASE_URL: database,
    VIEWS_URL: views,
    BANYAN_DIRECTORY: directory,
    SLOT: `bank_${String(process.pid)}`,
  };
  await createTpcb(database, accounts);

  running = runBanyan(['dev', '--json', '--config', config], { env });
  await running.ready;
  // A reader of its own process follows the log all the time, whoever writes it.
  const seen: Entry[] = [];
  const reader = runBanyan(['log', 'tail', 'bank', '--from', '2', '--json', '--config', config], {
    env,
    onMessage: (message) => void seen.push(message as unknown as Entry),
  });
  const transactions = 20_000;
  const kills = Array.from({ length: 5 }, () => Math.floor(random() * transactions * 0.9)).sort(
    (a, b) => a - b,
  );
  let done = 0;
  const load = runTpcb(database, {
    clients: 4,
    transactions,
    accounts,
    seed,
    onTransaction: (count) => (done = count),
  });
  for (const at of kills) {
    await eventually(() => expect(done).toBeGreaterThanOrEqual(at), 300_000);
    await running.end('SIGKILL');
    running = runBanyan(['dev', '--json', '--config', config], { env });
    // Sometimes it is killed before it has come up again.
    if (random() < 0.7) await running.ready;
  }
  expect(await load).toBe(transactions);
  await running.ready;

  const expected = await tables(database);
  const opened = postgresViews({ connectionString: views });
  store = opened;
  await opened.prepare();
  const branch = { projection: 'desk-balance', number: 1 };
  await eventually(async () => {
    const item = (await opened.readMany(branch, ['branch-1'])).get('branch-1');
    expect(item?.document?.['movements']).toBe(transactions);
  }, 300_000);
  await eventually(async () => expect(await view(opened, 'account-balance')).toEqual(expected.accounts));
  await eventually(async () => expect(await view(opened, 'desk-balance')).toEqual(expected.desks));
  await eventually(async () => expect(await view(opened, 'booked')).toEqual(expected.booked));
  const sum = (rows: Balances): number => [...rows].reduce((total, [, { balance }]) => total + balance, 0);
  expect(sum(expected.accounts)).toBe(
    sum(new Map([...expected.desks].filter(([key]) => key.startsWith('branch')))),
  );

  await eventually(() => expect(seen.at(-1)?.position).toBeGreaterThanOrEqual(transactions));
  await reader.end();
  const isWhole = ({ kind, changes }: Entry): boolean => kind !== 'transaction' || changes?.length === 4;
  expect(seen.filter((entry) => !isWhole(entry))).toEqual([]);
  expect(seen.map(({ position }) => position)).toEqual(seen.map((_, i) => i + 2));

  // The log itself: whole, dense, every checksum right, every transaction once.
  await running.end();
  const verified = await askBanyan(['log', 'verify', 'bank', '--json', '--config', config], { env });
  expect(verified.code).toBe(0);
  const cat = await askBanyan(['log', 'cat', 'bank', '--json', '--config', config], { env });
  const lines = cat.answer as unknown as {
    position: number;
    kind: string;
    xid?: string;
    changes?: unknown[];
  }[];
  expect(lines.map(({ position }) => position).filter((position, i, all) => position !== all[i - 1])).toEqual(
    Array.from({ length: lines.at(-1)?.position ?? 0 }, (_, i) => i + 1),
  );
  const xids = lines
    .filter(({ kind, xid }) => kind === 'transaction' && xid !== 'snapshot')
    .map(({ xid }) => xid);
  expect(new Set(xids).size).toBe(transactions);
  expect(xids).toHaveLength(transactions);
  expect(
    lines
      .filter(({ xid }) => xid !== undefined && xid !== 'snapshot')
      .every(({ changes }) => changes?.length === 4),
  ).toBe(true);
}, 900_000);

interface Entry {
  readonly position: number;
  readonly kind: string;
  readonly xid?: string;
  readonly changes?: readonly unknown[];
}

type Balances = Map<string, { readonly balance: number; readonly movements: number }>;

async function rows<R extends pg.QueryResultRow>(url: string, text: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}

interface Row {
  readonly key: string;
  readonly balance: number;
  readonly movements: number;
}

function byKey(found: readonly Row[]): Balances {
  return new Map(found.map(({ key, balance, movements }) => [key, { balance, movements }]));
}

/** A whole view, page by page. */
async function view(store: AtomicViewStore, projection: string): Promise<Balances> {
  const found: Balances = new Map();
  let after: string | undefined;
  do {
    const page = await store.scan(
      { projection, number: 1 },
      { limit: 1000, ...(after === undefined ? {} : { after }) },
    );
    for (const { key, document } of page.items) {
      found.set(key, document as unknown as { balance: number; movements: number });
    }
    after = page.next;
  } while (after !== undefined);
  return found;
}

/** What the tables and their history say, straight from SQL. */
async function tables(url: string): Promise<{ accounts: Balances; desks: Balances; booked: Balances }> {
  const moved = (column: string): string =>
    `(SELECT ${column} id, count(*)::int n, sum(delta)::int total FROM pgbench_history GROUP BY 1)`;
  const accountRows = await rows<Row>(
    url,
    `SELECT aid::text key, abalance balance, coalesce(n, 0) movements
     FROM pgbench_accounts LEFT JOIN ${moved('aid')} h ON h.id = aid`,
  );
  const desks = await rows<Row>(
    url,
    `SELECT 'teller-' || tid key, tbalance balance, coalesce(n, 0) movements
       FROM pgbench_tellers LEFT JOIN ${moved('tid')} h ON h.id = tid
     UNION ALL SELECT 'branch-' || b.bid, bbalance, (SELECT count(*)::int FROM pgbench_history) FROM pgbench_branches b`,
  );
  const bookedRows = await rows<Row>(
    url,
    `SELECT 'account-' || id key, total balance, n movements FROM ${moved('aid')} a
     UNION ALL SELECT 'teller-' || id, total, n FROM ${moved('tid')} t`,
  );
  return { accounts: byKey(accountRows), desks: byKey(desks), booked: byKey(bookedRows) };
}
