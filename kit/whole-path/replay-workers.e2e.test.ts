import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import { postgresViews, type AtomicViewStore } from 'banyan/projections';
import { nodeFileSystem, silentLogger } from 'banyan/runtime';
import {
  buildBundles,
  bundlesDirectory,
  openBundleStore,
  type Bundle,
  type BundleStore,
} from 'banyan/replay';
import { buildEventLog } from '../../replay/retranslate/build-event-log.ts';
import { runSource } from '../../replay/rebuild/testing/source-process.ts';
import { seeded } from '../seeded.ts';
import { testDatabase } from '../test-database.ts';
import { randomHistory } from './history.ts';
import { expectedDocuments, expectedOf, expectedUpTo } from './replay-oracle.ts';
import * as shop from './replay-shop.ts';
import { refOf, startReplayWorld, type Fed, type ReplayWorld } from './replay-world.ts';

const { alpha, alpha2, beta, gamma, rows, translations } = shop;
const events = [shop.Alpha, shop.Beta, shop.Gamma];
const seed = 20_261_121;
const histories = {
  a: randomHistory(seeded(seed), 90, 50),
  b: randomHistory(seeded(seed + 1), 60, 20),
};
const before: readonly Fed[] = [
  { projection: translations, logs: [refOf(alpha), refOf(beta)] },
  { projection: rows, logs: [refOf(alpha), refOf(gamma)] },
];
const after: readonly Fed[] = [
  { projection: translations, logs: [refOf(alpha2), refOf(beta)] },
  { projection: rows, logs: [refOf(alpha2), refOf(gamma)] },
];

/** What the project's code is bundled to, in the environment's directory. */
async function bundled(directory: string): Promise<{ store: BundleStore; of: (name: string) => Bundle }> {
  const { projections, translations: translated } = await buildBundles({
    modules: { root: import.meta.dirname, exports: { 'replay-shop.ts': { ...shop } }, imports: {} },
    projections: after.map(({ projection }) => projection),
    translations: [{ translation: alpha2, events }],
  });
  const made = new Map([...projections, ...translated]);
  const store = openBundleStore({ directory: bundlesDirectory(directory), fileSystem: nodeFileSystem });
  for (const bundle of made.values()) await store.put(bundle);
  const of = (name: string): Bundle => {
    const found = made.get(name);
    if (!found) throw new Error(`${name} was not bundled`);
    return found;
  };
  return { store, of };
}

/** Rebuilds in another process, and gives the number of the generation. */
async function rebuiltElsewhere(
  { directory }: ReplayWorld,
  options: object,
  connectionString: string,
): Promise<number> {
  const child = runSource(
    new URL('./replay-process.ts', import.meta.url),
    [directory, JSON.stringify(options)],
    { BANYAN_TEST_VIEWS: connectionString },
  );
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr?.pipe(process.stderr);
  expect(await once(child, 'close')).toEqual([0, null]);
  return Number(said);
}

/** Builds the event log of version 2 as its bundle tells it, and goes on with it. */
async function retranslated(
  world: ReplayWorld,
  bundles: BundleStore,
  bundle: Bundle,
  store: AtomicViewStore,
): Promise<void> {
  const code = await bundles.translation(bundle.hash);
  const { position } = await buildEventLog({
    project: { directory: world.directory, store, bundles, groups: [] },
    translation: { ...code, ref: refOf(alpha2), bundle },
    logger: silentLogger,
    signal: new AbortController().signal,
  });
  expect(position).toBeGreaterThanOrEqual(world.happened('a'));
  await world.translate(code.translation, false);
}

test('from bundles, by worker threads of another process, on Postgres, the history going on', async () => {
  const connectionString = await testDatabase('replayed');
  const store = postgresViews({ connectionString });
  await store.prepare();
  const world = await startReplayWorld(store, histories, seeded(seed));
  try {
    const bundles = await bundled(world.directory);
    for (const translation of [alpha, beta, gamma]) await world.translate(translation);
    const live = await world.goLive(before);
    world.happen('a', 45);
    world.happen('b', 30);
    await world.translated();
    await retranslated(world, bundles.store, bundles.of('a:alpha@2'), store);
    const built = [];
    for (const { projection, logs } of after) {
      const bundle = bundles.of(projection.name).hash;
      const goesOn = setInterval(() => {
        world.happen('a', 1);
        world.happen('b', 1);
      }, 30);
      const number = await rebuiltElsewhere(
        world,
        { projection: projection.name, bundle, logs },
        connectionString,
      ).finally(() => clearInterval(goesOn));
      const generation = (await store.generations(projection.name)).find((one) => one.number === number);
      if (!generation) throw new Error(`generation ${String(number)} is not there`);
      const covered = expectedUpTo(expectedOf(histories, logs), logs, generation.floor);
      expect(covered.length).toBeGreaterThan(20);
      expect(await world.documents(generation)).toEqual(expectedDocuments(projection, covered));
      await world.feed(await bundles.store.projection(bundle), generation);
      built.push({ projection, logs, generation });
    }
    for (const [source, commits] of Object.entries(histories)) world.happen(source, commits.length);
    await world.drained();
    for (const { projection, logs, generation } of [
      ...built,
      ...before.flatMap((fed, at) => (live[at] ? [{ ...fed, generation: live[at] }] : [])),
    ]) {
      const expected = expectedDocuments(projection, expectedOf(histories, logs));
      expect(await world.documents(generation)).toEqual(expected);
    }
  } finally {
    await world.close();
    await store.close();
  }
}, 120_000);
