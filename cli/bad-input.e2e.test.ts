import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import { mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { askBanyan, runBanyan, type BanyanProcess } from '../kit/banyan-process.ts';
import { eventually } from '../kit/eventually.ts';
import { createDatabase, startPostgresServer } from '../kit/postgres-server.ts';
import { testDatabase, testServer } from '../kit/test-database.ts';

/** A project over one table, with the parts that a test makes wrong. */
interface Project {
  readonly groups?: string;
  readonly schema?: string;
  readonly more?: string;
}

const config = ({
  groups = 'group("orders", orders)',
  schema = 'z.object({ id: z.string(), total: z.string() })',
  more = '',
}: Project): string => `
import { defineConfig } from 'banyan';
import { group } from 'banyan/catalog';
import { postgres } from 'banyan/cdc';
import { gateway } from 'banyan/gateway';
import { postgresViews, projection } from 'banyan/projections';
import { z } from 'zod';
import { Placed, translate } from './translation.ts';

export const summary = projection('order-summary', ${schema}).on(Placed, { key: (e) => e.id, apply: (_, e) => ({ ...e }) });
const owner = { team: 'checkout', contact: '#checkout' };
const orders = {
  owner,
  publishes: [Placed],
  translation: translate,
  projections: [summary],
  gateway: gateway().read('GET /orders/{id}', summary.byKey('id'), { public: true }),
};
export default defineConfig({
  directory: process.env.LOGS,
  sources: { shop: postgres({ connectionString: process.env.DATABASE_URL, tables: ['public.*'], slot: process.env.SLOT }) },
  groups: [${groups}],
  views: postgresViews({ connectionString: process.env.VIEWS_URL }),
  ${more}
});
`;

/** In a module of its own: what is in one module is in one bundle. */
const translation = `
import { col, table, tables } from 'banyan/cdc';
import { event, translation } from 'banyan/events';
import { z } from 'zod';

const shop = tables('shop', {
  orders: table('public.orders', { key: ['id'], columns: { id: col.int8(), total: col.numeric() } }),
});
export const Placed = event('OrderPlaced', z.object({ id: z.string(), total: z.string() }));
export const translate = translation('orders', shop, {
  version: 1,
  *translate(tx) {
    for (const { id, total } of tx.existing('orders')) yield Placed({ id, total });
    for (const { id, total } of tx.inserted('orders')) yield Placed({ id, total });
  },
});
`;

let directory: string;
let env: Record<string, string>;
let processes: BanyanProcess[] = [];

beforeEach(async () => {
  // Within the project, so that "banyan/..." means this package.
  await mkdir(resolve('.banyan'), { recursive: true });
  directory = await mkdtemp(resolve('.banyan', 'bad-input-'));
  const database = await testDatabase('bad');
  await sql(
    database,
    'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric NOT NULL); INSERT INTO orders VALUES (1, 9.5)',
  );
  env = {
    DATABASE_URL: database,
    VIEWS_URL: await testDatabase('bad_views'),
    LOGS: join(directory, 'logs'),
    SLOT: `bad_${new URL(database).pathname.slice(1)}`,
  };
});
afterEach(async () => {
  await Promise.all(processes.map((one) => one.end('SIGKILL')));
  processes = [];
  await rm(directory, { recursive: true, force: true });
});

async function sql(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

async function project(parts: Project = {}): Promise<readonly string[]> {
  await writeFile(join(directory, 'translation.ts'), translation);
  await writeFile(join(directory, 'banyan.config.ts'), config(parts));
  return ['dev', '--json', '--no-type-check', '--config', join(directory, 'banyan.config.ts')];
}

async function started(args: readonly string[]): Promise<BanyanProcess> {
  const running = runBanyan(args, { env });
  processes.push(running);
  await running.ready;
  return running;
}

/** Runs a command that must fail; what it said. */
async function failure(
  args: readonly string[],
  changed: Record<string, string> = {},
): Promise<{ code: string; message: string }> {
  const { code, answer, errors } = await askBanyan(args, { env: { ...env, ...changed } });
  expect({ code, errors }).toEqual({ code: 1, errors: expect.any(String) });
  const told = answer.find((message) => 'error' in message)?.['error'] as
    { code: string; message: string } | undefined;
  if (!told) throw new Error(`no error was told: ${JSON.stringify(answer)} ${errors}`);
  // No secret in an error.
  expect(JSON.stringify(told)).not.toContain('sesame');
  return told;
}

describe('what banyan dev refuses, and says what to do', () => {
  test('a server whose wal_level is not logical', async () => {
    const server = await startPostgresServer({ settings: { wal_level: 'replica' } });
    try {
      const url = await createDatabase(server, 'shop');
      await sql(url, 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric NOT NULL)');
      const told = await failure(await project(), { DATABASE_URL: url });
      expect(told.code).toBe('SOURCE_WAL_LEVEL');
      expect(told.message).toMatch(/replica.*logical/s);
    } finally {
      await server.close();
    }
  });

  test('a role that may not replicate', async () => {
    const role = `reader_${env['SLOT'] ?? ''}`;
    await sql(testServer().url(), `CREATE ROLE "${role}" LOGIN PASSWORD 'sesame'`);
    await sql(env['DATABASE_URL'] ?? '', `GRANT SELECT ON orders TO "${role}"`);
    const url = new URL(env['DATABASE_URL'] ?? '');
    url.username = role;
    url.password = 'sesame';
    const told = await failure(await project(), { DATABASE_URL: url.href });
    expect(told.code).toBe('SOURCE_NO_REPLICATION');
    expect(told.message).toContain('REPLICATION');
  });

  test('a slot that somebody else reads', async () => {
    const args = await project();
    const first = await started(args);
    const others = { LOGS: join(directory, 'other-logs'), VIEWS_URL: await testDatabase('other_views') };
    const told = await failure(args, others);
    expect(told.code).toBe('SOURCE_SLOT_TAKEN');
    expect(told.message).toContain(env['SLOT'] ?? '');
    expect(await first.end()).toBe(0);
  });

  test('a log directory that cannot be made', async () => {
    await writeFile(join(directory, 'file'), '');
    const told = await failure(await project(), { LOGS: join(directory, 'file', 'logs') });
    expect(told.message).toContain(join(directory, 'file'));
  });

  test('a second one on the same logs', async () => {
    const args = await project();
    const first = await started(args);
    const told = await failure(args);
    expect(told.code).toBe('LOG_IN_USE');
    expect(told.message).toContain(String(first.pid));
  });

  test('a corrupt segment', async () => {
    const args = await project();
    const first = await started(args);
    await sql(env['DATABASE_URL'] ?? '', 'INSERT INTO orders VALUES (2, 1)');
    await eventually(async () => {
      const cat = await askBanyan(
        ['log', 'cat', 'shop', '--type', 'public.orders', '--where', 'id=2', '--json', ...args.slice(3)],
        { env },
      );
      expect(cat.answer).toHaveLength(1);
    });
    await first.end();
    const log = join(env['LOGS'] ?? '', 'sources', 'shop', 'change-log');
    const segment = (await readdir(log)).find((name) => name.includes('.ndjson'));
    const file = await open(join(log, segment ?? ''), 'r+');
    await file.write(Buffer.from('#'), 0, 1, 40);
    await file.close();
    const told = await failure(args);
    expect(told.code).toBe('LOG_CORRUPT');
    expect(told.message).toContain(log);
    const verified = await failure(['log', 'verify', 'shop', '--json', ...args.slice(2)]);
    expect(verified.code).toBe('LOG_CORRUPT');
  });

  test('a configuration with a type error', async () => {
    await project({ more: 'gateways: { ports: { orders: "x" } },' });
    const told = await failure(['dev', '--json', '--config', join(directory, 'banyan.config.ts')]);
    expect(told.code).toBe('CONFIG_TYPE_ERROR');
    expect(told.message).toMatch(/banyan\.config\.ts:\d+:\d+/);
  });

  test('a port in use', async () => {
    const other = createServer();
    await new Promise<void>((resolveListening) => other.listen(0, '127.0.0.1', resolveListening));
    const { port } = other.address() as AddressInfo;
    try {
      const told = await failure(await project({ more: `gateways: { ports: { orders: ${port} } },` }));
      expect(told.code).toBe('GATEWAY_PORT_IN_USE');
      expect(told.message).toMatch(new RegExp(`orders.*${port}`, 's'));
    } finally {
      other.close();
    }
  });

  test('two groups publishing one event', async () => {
    const groups = `group("orders", orders), group("invoices", { owner, publishes: [Placed] })`;
    const told = await failure(await project({ groups }));
    expect(told.code).toBe('GROUPS_INVALID');
    expect(told.message).toMatch(/OrderPlaced.*"orders".*"invoices"/s);
  });
});

test('a document that fails its schema parks its key, says where, and holds up nothing else', async () => {
  const strict = await project({ schema: 'z.object({ id: z.string(), total: z.string().max(4) })' });
  const running = await started(strict);
  await sql(env['DATABASE_URL'] ?? '', 'INSERT INTO orders VALUES (2, 10.25), (3, 1)');
  await eventually(() => expect(running.errors()).toMatch(/order-summary.*is parked.*shop:orders@1:\d+:0/s));
  expect(running.errors()).not.toContain('10.25');
  const [{ url: first }] = running.messages.find(({ event }) => event === 'ready')?.['gateways'] as [
    { url: string },
  ];
  await eventually(async () => expect((await fetch(`${first}/orders/3`)).status).toBe(200));
  await running.end();
  // What runs, runs with the code that built it: the mended code builds a generation of its own.
  const mended = await started(await project());
  expect(mended.messages).toContainEqual(
    expect.objectContaining({ event: 'out-of-date', name: 'order-summary' }),
  );
  const file = join(directory, 'banyan.config.ts');
  const options = ['--json', '--no-type-check', '--config', file, '--why', 'longer totals'];
  for (const command of [['start'], ['promote', '--force']]) {
    const told = await askBanyan(['replay', ...command, 'order-summary', ...options], { env });
    if (told.code !== 0) throw new Error(`${JSON.stringify(told.answer)}\n${told.errors}`);
  }
  const [{ url }] = mended.messages.find(({ event }) => event === 'ready')?.['gateways'] as [{ url: string }];
  for (const [id, total] of [
    ['1', '9.5'],
    ['2', '10.25'],
    ['3', '1'],
  ]) {
    await eventually(async () => {
      const answer = (await (await fetch(`${url}/orders/${id ?? ''}`)).json()) as { data: unknown };
      expect(answer.data).toEqual({ id, total });
    });
  }
});
