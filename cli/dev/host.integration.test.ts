import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  bundlesDirectory,
  changeTranslation,
  eventLogDirectory,
  registeredTranslations,
  registerTranslation,
} from 'banyan/replay';
import { nodeFileSystem, openLogReader, silentLogger, type Logger } from 'banyan/runtime';
import { readEvents, type DomainEvent, type EventLogLine } from 'banyan/events';
import {
  postgresViews,
  type AtomicViewStore,
  type Generation,
  type ItemState,
  type ItemWrite,
} from 'banyan/projections';
import pg from 'pg';
import { eventually } from '../../kit/eventually.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { loadConfig } from '../config/load-config.ts';
import { replayProjectOf } from '../config/replay-project.ts';
import { refreshDev } from './control.ts';
import { startHost, type Host } from './host.ts';

const view = (total: string): string => `
import { projection } from 'banyan/projections';
import { z } from 'zod';
import { Placed } from './events.ts';
import { twice } from './math.ts';
export const summary = projection('order-summary', z.object({ total: z.number() }))
  .on(Placed, { key: (e) => e.id, apply: (_, e) => ({ total: ${total} }) });`;

const translation = (version: number, total: string): string => `
import { col, table, tables } from 'banyan/cdc';
import { translation } from 'banyan/events';
import { Placed } from './events.ts';
const shop = tables('shop', {
  orders: table('public.orders', { key: ['id'], columns: { id: col.int8(), total: col.int4() } }),
});
export const orders = translation('orders', shop, {
  version: ${String(version)},
  *translate(tx) {
    for (const { id, total } of [...tx.existing('orders'), ...tx.inserted('orders')]) yield Placed({ id, total: ${total} });
  },
});`;

const files = {
  'events.ts': `
import { event } from 'banyan/events';
import { z } from 'zod';
export const Placed = event('OrderPlaced', z.object({ id: z.string(), total: z.number() }));`,
  'math.ts': 'export const twice = (n: number): number => 2 * n;',
  'view.ts': view('e.total'),
  'translation.ts': translation(1, 'total'),
};

let directory: string;
let database: string;
let viewsUrl: string;
let store: AtomicViewStore;
let host: Host | undefined;
let errors: string[];

beforeEach(async () => {
  // Within the project, so that "banyan/..." means this package.
  await mkdir(resolve('.banyan'), { recursive: true });
  directory = await mkdtemp(resolve('.banyan', 'host-test-'));
  database = await testDatabase('host');
  viewsUrl = await testDatabase('host_views');
  await sql(
    'CREATE TABLE orders (id bigint PRIMARY KEY, total int NOT NULL); INSERT INTO orders VALUES (1, 10)',
  );
  await write(files);
  await write({ 'banyan.config.ts': config('postgresViews') });
  store = postgresViews({ connectionString: viewsUrl });
  errors = [];
});

/** The configuration; `views` opens its store, given the options of `postgresViews`. */
const config = (views: string): string => `
import { group } from 'banyan/catalog';
import { postgres } from 'banyan/cdc';
import { postgresViews } from 'banyan/projections';
import { defineConfig } from 'banyan';
import { Placed } from './events.ts';
import { orders } from './translation.ts';
import { summary } from './view.ts';
export default defineConfig({
  sources: { shop: postgres({ connectionString: '${database}', tables: ['public.*'], slot: '${new URL(database).pathname.slice(1)}' }) },
  groups: [group('orders', {
    owner: { team: 'checkout', contact: '#checkout' },
    publishes: [Placed], translation: orders, projections: [summary],
  })],
  views: (${views})({ connectionString: '${viewsUrl}' }),
});`;

afterEach(async () => {
  await host?.close();
  host = undefined;
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

async function write(texts: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(texts)) await writeFile(join(directory, name), text);
}

async function sql(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  await client.query(text).finally(() => client.end());
}

const load = () => loadConfig({ cwd: directory, typeCheck: false });

async function start(chaos?: number): Promise<Host> {
  const logger = {
    ...silentLogger,
    error: (_: unknown, message: string) => void errors.push(message),
    child: () => logger,
  } as unknown as Logger;
  const { signal } = new AbortController();
  host = await startHost({ loaded: await load(), logger, signal, ...(chaos !== undefined && { chaos }) });
  return host;
}

async function restart(changed: Readonly<Record<string, string>>): Promise<Host> {
  await host?.close();
  await write(changed);
  return start();
}

const environment = () => join(directory, '.banyan');

async function totals(number: number): Promise<Record<string, unknown>> {
  const { items } = await store.scan({ projection: 'order-summary', number }, { limit: 100 });
  return Object.fromEntries(items.map(({ key, document }) => [key, document?.['total']]));
}

/** Up to where a generation is complete, and up to where there are events. */
const watermark = async (number: number): Promise<number | undefined> =>
  (await store.progress({ projection: 'order-summary', number }))['shop:orders@1']?.position;
const translated = async (): Promise<number | undefined> =>
  host
    ?.translators()
    .find(({ ref }) => ref.version === 1)
    ?.status().durable;

test('what runs goes on with the code that it was built with, and says so when the code is another', async () => {
  let running = await start();
  expect(running.outOfDate).toEqual([]);
  await eventually(async () => expect(await totals(1)).toEqual({ 1: 10 }));
  const [first] = await store.generations('order-summary');
  expect(first?.logs).toEqual([{ source: 'shop', translation: 'orders', version: 1 }]);
  expect(await registeredTranslations(environment())).toMatchObject([{ state: 'running' }]);

  running = await restart({
    'view.ts': view('twice(e.total)'),
    'translation.ts': translation(1, 'total + 5'),
  });
  expect(running.outOfDate).toMatchObject([
    {
      kind: 'translation',
      name: 'shop:orders@1',
      why: expect.stringContaining('translation.ts'),
      next: expect.stringContaining('version 2'),
    },
    {
      kind: 'view',
      name: 'order-summary',
      why: expect.stringMatching(/view\.ts/),
      next: 'banyan replay plan order-summary',
    },
  ]);
  await sql('INSERT INTO orders VALUES (2, 20)');
  await eventually(async () => expect(await totals(1)).toEqual({ 1: 10, 2: 20 }));

  running = await restart({ 'translation.ts': translation(2, 'total + 5') });
  expect(running.translators().map(({ ref }) => ref.version)).toEqual([1]);
  expect(running.outOfDate).toMatchObject([
    { name: 'shop:orders@2', why: expect.stringContaining('shop:orders@1 runs') },
    { name: 'order-summary', why: expect.stringContaining('shop:orders@2') },
  ]);
  expect(errors).toEqual([]);
}, 120_000);

/** A generation made by hand, of the code as it is now. */
async function readyGeneration(number: number): Promise<Generation> {
  const project = await replayProjectOf(await load());
  const bundle = project.groups[0]?.projections[0]?.bundle;
  if (!bundle) throw new Error('no bundle');
  await project.bundles.put(bundle);
  return store.createGeneration({
    projection: 'order-summary',
    number,
    state: { kind: 'ready' },
    bundle: bundle.hash,
    logs: [{ source: 'shop', translation: 'orders', version: 1 }],
    floor: {},
    indexes: [],
    createdAt: new Date().toISOString(),
  });
}

const withoutCommit =
  '(options) => { const { commit: _, ...views } = postgresViews(options); return views; }';
const buses = [
  { bus: 'an ordered bus', feeding: 'ordered', chaos: undefined, views: 'postgresViews' },
  { bus: 'a hostile bus', feeding: 'unordered', chaos: 3, views: 'postgresViews' },
  { bus: 'tallies, in a store without commit', feeding: 'unordered', chaos: undefined, views: withoutCommit },
] as const;

test.each(buses)(
  'generations that are ready are fed by $bus beside the live one, until they go',
  async ({ feeding, chaos, views }) => {
    await write({ 'banyan.config.ts': config(views) });
    const running = await start(chaos);
    expect([running.feeding, running.hostility !== undefined]).toEqual([feeding, chaos !== undefined]);
    await eventually(async () => expect(await totals(1)).toEqual({ 1: 10 }));
    await write({ 'view.ts': view('twice(e.total)') });
    await readyGeneration(2);
    // It looks by itself.
    await eventually(async () => expect(await totals(2)).toEqual({ 1: 20 }));
    await sql('INSERT INTO orders VALUES (2, 20)');
    await eventually(async () => expect(await totals(2)).toEqual({ 1: 20, 2: 40 }));
    await eventually(async () => expect(await totals(1)).toEqual({ 1: 10, 2: 20 }));
    await eventually(async () => expect(await watermark(1)).toBe(await translated()));
    const numbers = (): number[] => [...new Set(running.projectors().map((one) => one.status().generation))];
    expect(numbers()).toEqual([1, 2]);

    const retired = { state: { kind: 'retired', at: new Date().toISOString() }, floor: {} } as const;
    await store.changeGeneration({ projection: 'order-summary', number: 2 }, 'ready', retired);
    expect(await refreshDev(environment())).toBe(true);
    expect(numbers()).toEqual([1]);

    // One that is dropped under its projector is no failure.
    await readyGeneration(3);
    await running.refresh();
    expect(numbers()).toEqual([1, 3]);
    await store.dropGeneration({ projection: 'order-summary', number: 3 });
    await sql('INSERT INTO orders VALUES (3, 30)');
    await eventually(async () => expect(await totals(1)).toEqual({ 1: 10, 2: 20, 3: 30 }));
    await running.refresh();
    expect(numbers()).toEqual([1]);
    expect(errors).toEqual([]);
  },
  120_000,
);

test('a version of a translation is run as long as it is registered as running, or needed', async () => {
  const running = await start();
  await eventually(async () => expect(await totals(1)).toEqual({ 1: 10 }));
  await write({ 'translation.ts': translation(2, 'total + 5') });
  const project = await replayProjectOf(await load());
  const next = project.groups[0]?.translation;
  if (!next) throw new Error('no translation');
  await project.bundles.put(next.bundle);
  await registerTranslation(environment(), { ref: next.ref, bundle: next.bundle.hash, state: 'building' });
  const versions = (): number[] => running.translators().map(({ ref }) => ref.version);
  await running.refresh();
  expect(versions()).toEqual([1]);
  await changeTranslation(environment(), next.ref, 'building', 'running');
  await running.refresh();
  expect(versions()).toEqual([1, 2]);
  await changeTranslation(environment(), next.ref, 'running', 'retired');
  // The live view is fed by the first, whatever the registry says.
  await changeTranslation(environment(), { ...next.ref, version: 1 }, 'running', 'retired');
  await running.refresh();
  expect(versions()).toEqual([1]);
  expect(errors).toEqual([]);
}, 120_000);

test('a bundle that is missing stops what runs from it and nothing else', async () => {
  await start();
  await eventually(async () => expect(await totals(1)).toEqual({ 1: 10 }));
  const [first] = await store.generations('order-summary');
  await rm(join(bundlesDirectory(environment()), `${first?.bundle ?? ''}.mjs`));
  await rm(join(bundlesDirectory(environment()), `${first?.bundle ?? ''}.json`));
  const running = await restart({ 'math.ts': 'export const twice = (n: number): number => n + n;' });
  expect(running.projectors()).toEqual([]);
  expect(running.translators()).toHaveLength(1);
  expect(errors).toEqual([expect.stringContaining(`There is no bundle ${first?.bundle ?? ''}`)]);
  expect(running.outOfDate).toMatchObject([{ name: 'order-summary' }]);
}, 120_000);

/** The event of an order, as its log has it. */
async function placed(id: number): Promise<DomainEvent> {
  const log = { source: 'shop', translation: 'orders', version: 1 };
  const directoryOfLog = eventLogDirectory(environment(), log);
  const reader = await openLogReader<EventLogLine>({ directory: directoryOfLog, fileSystem: nodeFileSystem });
  try {
    for await (const { events } of readEvents(reader, log)) {
      const found = events.find(({ data }) => data['id'] === String(id));
      if (found) return found;
    }
    throw new Error(`no event of order ${String(id)}`);
  } finally {
    await reader.close();
  }
}

test('what a hostile bus left behind or in doubt is mended when an ordered one goes on', async () => {
  await start(4);
  await sql('INSERT INTO orders VALUES (2, 20), (3, 30)');
  await eventually(async () => expect(await totals(1)).toEqual({ 1: 10, 2: 20, 3: 30 }));
  await host?.close();
  host = undefined;
  const id = { projection: 'order-summary', number: 1 };
  const items = await store.readMany(id, ['2', '3']);
  const base = { document: undefined, at: undefined };
  const event = await placed(3);
  const doubt = { eventId: event.id, code: 'HANDLER_THREW', message: 'an event before it is missing' };
  const states: Readonly<Record<string, ItemState>> = {
    2: { kind: 'behind', base, cause: { kind: 'window' } },
    3: { kind: 'open', base, window: [event], doubt },
  };
  const writes = [...items.values()].map(({ key, revision }): ItemWrite => {
    const item = { key, revision: revision + 1, state: states[key] as ItemState };
    return { item, expected: revision, indexEntries: [] };
  });
  expect(await store.writeMany(id, writes)).toEqual({ conflicts: [] });
  expect(await totals(1)).toEqual({ 1: 10, 2: undefined, 3: undefined });

  // Another module, or this process would get the configuration whose store is closed.
  await write({ 'math.ts': 'export const twice = (n: number): number => n + n;' });
  await start();
  await eventually(async () => expect(await totals(1)).toEqual({ 1: 10, 2: 20, 3: 30 }));
  await sql('INSERT INTO orders VALUES (4, 40)');
  await eventually(async () => expect(await totals(1)).toEqual({ 1: 10, 2: 20, 3: 30, 4: 40 }));
  for (const trouble of ['doubt', 'window', 'parked'] as const)
    expect((await store.troubled(id, trouble, { limit: 10 })).items).toEqual([]);
  expect(errors).toEqual([]);
}, 120_000);

test('views that another log has built are not gone on with, and nothing is begun', async () => {
  await start();
  await eventually(async () =>
    expect(
      (await store.progress({ projection: 'order-summary', number: 1 }))['shop:orders@1']?.position,
    ).toBeGreaterThan(0),
  );
  await host?.close();
  const logs = join(directory, '.banyan');
  await rm(join(logs, 'sources'), { recursive: true });
  await rm(join(logs, 'translations'), { recursive: true });
  // Text that is new is loaded anew, with a store that is not closed yet.
  await write({ 'math.ts': `${files['math.ts']} // again` });
  await expect(start()).rejects.toMatchObject({ code: 'LOG_BEHIND_VIEWS' });
  expect(await nodeFileSystem.list(join(logs, 'sources'))).toEqual([]);
});
