import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readEvents, type EventDelivery, type LogCursor, type PublishedLog } from 'banyan/events';
import { postgresViews, type Generation } from 'banyan/projections';
import { eventLogDirectory, planStart, readHistory, startReplay } from 'banyan/replay';
import { nodeFileSystem, once, openLogReader, silentLogger } from 'banyan/runtime';
import pg from 'pg';
import { eventually } from '../../kit/eventually.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { loadConfig, type LoadedConfig } from '../config/load-config.ts';
import { replayProjectOf } from '../config/replay-project.ts';
import { refreshDev } from '../dev/control.ts';
import { startRunHost, type RunHost } from './run-host.ts';

const parts = (version: number): string => `
import { col, table, tables } from 'banyan/cdc';
import { event, translation } from 'banyan/events';
import { projection } from 'banyan/projections';
import { z } from 'zod';
export const Placed = event('OrderPlaced', z.object({ id: z.string() }));
const shop = tables('shop', { orders: table('public.orders', { key: ['id'], columns: { id: col.int8() } }) });
export const orders = translation('orders', shop, {
  version: ${String(version)},
  *translate(tx) {
    for (const { id } of [...tx.existing('orders'), ...tx.inserted('orders')]) yield Placed({ id });
  },
});
export const summary = projection('order-summary', z.object({ id: z.string() }))
  .on(Placed, { key: (e) => e.id, apply: (_, e) => e });`;

const configOf = (database: string, views: string): string => `
import { group } from 'banyan/catalog';
import { postgres } from 'banyan/cdc';
import { postgresViews } from 'banyan/projections';
import { defineConfig } from 'banyan';
import { Placed, orders, summary } from './parts.ts';
export default defineConfig({
  sources: { shop: postgres({ connectionString: '${database}', tables: ['public.*'], slot: '${new URL(database).pathname.slice(1)}' }) },
  groups: [group('orders', {
    owner: { team: 'checkout', contact: '#checkout' },
    publishes: [Placed], translation: orders, projections: [summary],
  })],
  views: postgresViews({ connectionString: '${views}' }),
});`;

let directory: string;
let database: string;
let viewsUrl: string;
let loaded: LoadedConfig;
let host: RunHost | undefined;

beforeEach(async () => {
  // Within the project, so that "banyan/..." means this package.
  await mkdir(resolve('.banyan'), { recursive: true });
  directory = await mkdtemp(resolve('.banyan', 'run-test-'));
  [database, viewsUrl] = [await testDatabase('run'), await testDatabase('run_views')];
  await sql('CREATE TABLE orders (id bigint PRIMARY KEY); INSERT INTO orders VALUES (1)');
  await writeFile(join(directory, 'parts.ts'), parts(1));
  await writeFile(join(directory, 'banyan.config.ts'), configOf(database, viewsUrl));
});

afterEach(async () => {
  await host?.close();
  host = undefined;
  await rm(directory, { recursive: true, force: true });
});

async function sql(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  await client.query(text).finally(() => client.end());
}

async function start(delivery?: EventDelivery): Promise<RunHost> {
  loaded = await loadConfig({ cwd: directory, typeCheck: false });
  const config = { ...loaded.config, ...(delivery && { delivery }) };
  const { signal } = new AbortController();
  host = await startRunHost({ loaded: { ...loaded, config }, logger: silentLogger, signal });
  return host;
}

/** A bus that keeps what it is given; it refuses the first logs that it is asked to publish, at once or later. */
class KeepingBus implements EventDelivery {
  readonly kind = 'keeping';
  readonly events: string[] = [];
  readonly tallied: number[] = [];
  asked = 0;
  readonly #refused: number;
  /** By the directories of the logs. Of this bus alone: a real one keeps it there. */
  readonly #cursors = new Map<string, LogCursor>();

  constructor(refused = 0) {
    this.#refused = refused;
  }

  async probe(): Promise<void> {
    throw new Error('nobody is subscribed');
  }

  async publish(log: PublishedLog): ReturnType<EventDelivery['publish']> {
    this.asked += 1;
    const closing = new AbortController();
    const refuses = this.asked <= this.#refused;
    if (refuses && this.asked % 2 === 1) throw new Error('there is no bus');
    const followed = refuses
      ? [Promise.reject(new Error('there is no such bus'))]
      : [this.#events(log, closing.signal), this.#tallies(log, closing.signal)];
    const ended = Promise.all(followed).then(() => undefined);
    ended.catch(() => undefined);
    const close = once(async () => {
      closing.abort();
      await ended.catch(() => undefined);
    });
    return { ended, close };
  }

  async #events({ ref, eventLog, directory, from }: PublishedLog, signal: AbortSignal): Promise<void> {
    const after = this.#cursors.get(directory) ?? from ?? { position: 0 };
    for await (const { events, cursor } of readEvents(eventLog, ref, { after, follow: true, signal })) {
      this.events.push(...events.map(({ id }) => id));
      this.#cursors.set(directory, cursor);
    }
  }

  async #tallies({ tallies }: PublishedLog, signal: AbortSignal): Promise<void> {
    for await (const batch of tallies.read({ from: 1, follow: true, signal }))
      this.tallied.push(...batch.map(({ position }) => position));
  }
}

test('without a bus to publish onto nothing is started', async () => {
  await expect(start()).rejects.toMatchObject({ code: 'DELIVERY_MISSING' });
});

test('nothing is published to nobody; the first generation is built from the log, goes live, and gets what comes', async () => {
  const bus = new KeepingBus();
  const running = await start(bus);
  expect(running).toMatchObject({ logs: ['shop:orders@1'], unbuilt: ['order-summary'] });
  await sql('INSERT INTO orders VALUES (2)');
  const environment = join(directory, '.banyan');
  await eventually(async () => expect(await endOf(environment, 1)).toBeGreaterThanOrEqual(2));
  expect(await refreshDev(environment)).toBe(true);
  expect(bus.asked).toBe(0);

  // Time is written down meanwhile.
  const end = await endOf(environment, 1);
  const { floor } = await built('order-summary', loaded);
  expect(floor['shop:orders@1']?.position).toBeGreaterThanOrEqual(end);
  expect(await refreshDev(environment)).toBe(true);
  await sql('INSERT INTO orders VALUES (3)');
  await eventually(() => expect(bus.events).toHaveLength(1));
  await eventually(() => expect(bus.tallied.length).toBeGreaterThan(0));
  const store = postgresViews({ connectionString: viewsUrl });
  try {
    const [generation, ...others] = await store.generations('order-summary');
    expect(others).toEqual([]);
    expect(generation).toMatchObject({ number: 1, state: { kind: 'live' } });
    expect((await store.pointer('orders'))?.live).toEqual({ 'order-summary': 1 });
    expect(await store.count({ projection: 'order-summary', number: 1 })).toBe(2);
    const told = await readHistory(environment, { projection: 'order-summary' });
    expect(told.map(({ action, projections: [view] }) => [action, view?.to])).toEqual([
      ['start', undefined],
      ['finish', 1],
      ['promote', 1],
    ]);
  } finally {
    await store.close();
  }
});

test('a bus that refuses is tried again, and then has everything; nothing else waits for it', async () => {
  const bus = new KeepingBus(2);
  await start(bus);
  await built('order-summary', loaded);
  await sql('INSERT INTO orders VALUES (2)');
  await sql('INSERT INTO orders VALUES (3)');
  await eventually(() => expect(bus.events).toHaveLength(2));
  expect(bus.asked).toBe(3);
});

test('a new version is published from where its first generation is built to, never its past; also after a restart', async () => {
  const first = new KeepingBus();
  await start(first);
  await built('order-summary', loaded);
  for (const id of [2, 3, 4]) await sql(`INSERT INTO orders VALUES (${String(id)})`);
  await eventually(() => expect(first.events).toHaveLength(3));

  await writeFile(join(directory, 'parts.ts'), parts(2));
  const anew = await loadConfig({ cwd: directory, typeCheck: false });
  const { floor } = await built('order-summary', anew).finally(() => anew.config.views.close());
  const environment = join(directory, '.banyan');
  expect(await refreshDev(environment)).toBe(true);
  await sql('INSERT INTO orders VALUES (5)');
  const placesOf = (bus: KeepingBus, version: number): number[] =>
    bus.events
      .filter((id) => id.startsWith(`shop:orders@${String(version)}:`))
      .map((id) => Number(id.split(':')[2]));
  await eventually(() => expect(placesOf(first, 2)).toHaveLength(1));
  await eventually(() => expect(placesOf(first, 1)).toHaveLength(4));
  expect(placesOf(first, 2)[0]).toBeGreaterThan(floor['shop:orders@2']?.position ?? Infinity);

  await host?.close();
  // Text that is new is loaded anew, with a store that is not closed yet.
  await writeFile(join(directory, 'parts.ts'), `${parts(2)}\n// again`);
  // It has recorded nothing, as after a kill before anything was: nobody has come further than the floors.
  const second = new KeepingBus();
  await start(second);
  await eventually(() => expect(placesOf(second, 1)).toHaveLength(4));
  await eventually(() => expect(placesOf(second, 2)).toHaveLength(1));
}, 120_000);

test('views that another log has built are not gone on with', async () => {
  await start(new KeepingBus());
  await built('order-summary', loaded);
  await host?.close();
  await rm(join(directory, '.banyan', 'sources'), { recursive: true });
  await writeFile(join(directory, 'parts.ts'), `${parts(1)}\n// again`);
  await expect(start(new KeepingBus())).rejects.toMatchObject({
    code: 'LOG_BEHIND_VIEWS',
    details: { views: [{ projection: 'order-summary', number: 1, log: 'shop:orders@1', end: 0 }] },
  });
});

/** Builds the newest generation of a view, as that code says. */
async function built(name: string, of: LoadedConfig): Promise<Generation> {
  const project = await replayProjectOf(of);
  const { signal } = new AbortController();
  const how = { building: { workers: 0 }, logger: silentLogger, signal };
  await startReplay(await planStart(project, [name]), { project, ...how });
  const generation = (await project.store.generations(name)).at(-1);
  if (!generation) throw new Error(`${name} was not built.`);
  return generation;
}

/** The last position of the event log of a version. */
async function endOf(environment: string, version: number): Promise<number> {
  const ref = { source: 'shop', translation: 'orders', version };
  const reader = await openLogReader({
    directory: eventLogDirectory(environment, ref),
    fileSystem: nodeFileSystem,
  });
  return reader
    .head()
    .then((head) => head?.position ?? 0)
    .finally(() => reader.close());
}
