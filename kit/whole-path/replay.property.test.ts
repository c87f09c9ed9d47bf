import { expect, test } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { readEvents, type EventLogLine } from 'banyan/events';
import {
  createMemoryViewStore,
  postgresViews,
  type AtomicViewStore,
  type Generation,
} from 'banyan/projections';
import { canonicalJson, nodeFileSystem, openLogReader, silentLogger } from 'banyan/runtime';
import { eventLogDirectory, registeredTranslations, type RebuildOptions } from 'banyan/replay';
import fc from 'fast-check';
import { buildEventLog } from '../../replay/retranslate/build-event-log.ts';
import { seeded } from '../seeded.ts';
import { testDatabase } from '../test-database.ts';
import { randomHistory } from './history.ts';
import { expectedDocuments, expectedOf, expectedUpTo, type Histories } from './replay-oracle.ts';
import { alpha, alpha2, beta, gamma, rows, sources, translations } from './replay-shop.ts';
import { rebuiltAtLast } from './replay-killed.ts';
import { refOf, startReplayWorld, type Fed, type ReplayWorld } from './replay-world.ts';
import { events } from './shop.ts';

const long = process.env['BANYAN_LONG'] !== undefined;
const numRuns = long ? 600 : 16;
/** A smaller case takes other turns of the processes: the seed and the case found first say the most. */
const endOnFailure = true;
/** What hangs must fail. */
const limitMs = long ? 3_600_000 : 300_000;

/*
 * G4 against an oracle that knows neither logs nor stores: the fold of the commits. Views are live, are rebuilt while
 * the history goes on, and are fed beside the live ones; each must hold what the commits say, where its rebuild ended
 * and at the end of the history.
 */
const cases = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  commits: fc.record({ a: fc.integer({ min: 1, max: 30 }), b: fc.integer({ min: 1, max: 20 }) }),
  /** The commit from which on a source's tables have a column more. */
  noteFrom: fc.record({ a: fc.nat(30), b: fc.nat(30) }),
  /** Commits that have happened before the first rebuild. */
  before: fc.record({ a: fc.nat(20), b: fc.nat(12) }),
  /** The translation that lags until the end, and up to where it has come. */
  lagging: fc.option(
    fc.record({ log: fc.constantFrom('a:alpha@1', 'a:beta@1', 'b:gamma@1'), position: fc.nat(10) }),
  ),
  /** How much of what happens while views are rebuilt happens in the first source: the other may be silent. */
  share: fc.constantFrom(0, 0.5, 1),
  partitions: fc.integer({ min: 1, max: 4 }),
  memoryBytes: fc.constantFrom(1, 3000, 2 ** 24),
  batchBytes: fc.constantFrom(1, 700, 100_000),
  /** How the runs of a rebuild end before one is through. */
  ends: fc.array(
    fc.record({
      call: fc.oneof(
        fc.integer({ min: 1, max: 25 }),
        fc.constantFrom('changeTracking' as const, 'changeGeneration' as const),
      ),
      how: fc.constantFrom('before' as const, 'behind' as const, 'sent' as const, 'aborted' as const),
    }),
    { maxLength: 3 },
  ),
});
type Case = Parameters<
  Parameters<typeof fc.asyncProperty<[typeof cases extends fc.Arbitrary<infer T> ? T : never]>>[1]
>[0];

const ofVersion1: readonly Fed[] = [
  { projection: sources, logs: [refOf(alpha), refOf(gamma)] },
  { projection: translations, logs: [refOf(alpha), refOf(beta)] },
  { projection: rows, logs: [refOf(alpha), refOf(gamma)] },
];
const ofVersion2: readonly Fed[] = [
  { projection: translations, logs: [refOf(alpha2), refOf(beta)] },
  { projection: rows, logs: [refOf(alpha2), refOf(gamma)] },
];

test(
  'rebuilt = live = the fold of the commits, wherever the rebuild begins, ends and is killed',
  async () => {
    await fc.assert(
      fc.asyncProperty(cases, (one) => run(createMemoryViewStore(), one)),
      { numRuns, endOnFailure },
    );
  },
  limitMs,
);

test(
  'on Postgres as in memory',
  async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const store = postgresViews({ connectionString: await testDatabase('replayed') });
        try {
          await store.prepare();
          await run(store, one);
        } finally {
          await store.close();
        }
      }),
      { numRuns: Math.ceil(numRuns / 8), endOnFailure },
    );
  },
  limitMs,
);

/** A generation, and what it must hold in the end. */
interface Built extends Fed {
  readonly generation: Generation;
}

async function run(store: AtomicViewStore, one: Case): Promise<void> {
  const random = seeded(one.seed);
  const histories = {
    a: randomHistory(random, one.commits.a, one.noteFrom.a),
    b: randomHistory(random, one.commits.b, one.noteFrom.b),
  };
  const world = await startReplayWorld(store, histories, random);
  try {
    if (one.lagging) world.hold(one.lagging.log, one.lagging.position);
    for (const translation of [alpha, beta, gamma]) await world.translate(translation);
    const live = await world.goLive(ofVersion1);
    const built: Built[] = ofVersion1.flatMap((fed, at) => {
      const generation = live[at];
      return generation ? [{ ...fed, generation }] : [];
    });
    world.happen('a', one.before.a);
    world.happen('b', one.before.b);
    await world.translated();
    for (const fed of ofVersion1) built.push(await replayed(world, histories, fed, one, random));
    await retranslated(world);
    for (const fed of ofVersion2) built.push(await replayed(world, histories, fed, one, random));
    for (const [source, commits] of Object.entries(histories)) world.happen(source, commits.length);
    if (one.lagging) world.hold(one.lagging.log, Infinity);
    await world.drained();
    for (const { projection, logs, generation } of built) {
      expect(await world.documents(generation)).toEqual(
        expectedDocuments(projection, expectedOf(histories, logs)),
      );
    }
    await checkVersion2(world, histories);
    const again = ofVersion1[one.seed % ofVersion1.length];
    if (again) await replayed(world, histories, again, one, random);
  } finally {
    await world.close();
  }
}

/** Rebuilds a view while the history goes on, looks at it where it ends, and feeds it from there. */
async function replayed(
  world: ReplayWorld,
  histories: Histories,
  fed: Fed,
  one: Case,
  random: () => number,
): Promise<Built> {
  const { projection, logs } = fed;
  const generation = await rebuiltAtLast(optionsOf(world, fed, one), one.ends, random, async () => {
    world.happen(random() < one.share ? 'a' : 'b', random() < 0.3 ? 1 : 0);
    if (random() < 0.1) await world.translated();
    // Other calls go on while one is slow.
    if (random() < 0.08) await wait(random() * 5);
  });
  const { floor } = generation;
  expect(await world.store.progress(generation)).toEqual(floor);
  const all = expectedOf(histories, logs);
  const covered = expectedUpTo(all, logs, floor);
  // Nothing that comes later may belong before.
  expect(covered).toEqual(all.slice(0, covered.length));
  expect(await world.documents(generation)).toEqual(expectedDocuments(projection, covered));
  await world.feed(projection, generation);
  return { ...fed, generation };
}

function optionsOf(
  world: ReplayWorld,
  { projection, logs }: Fed,
  { partitions, memoryBytes, batchBytes }: Case,
): RebuildOptions {
  const { directory, store } = world;
  return {
    ...{ directory, store, group: 'shop', projection: projection.name, logs },
    bundle: `${projection.name} of ${JSON.stringify(logs)} at ${String(world.happened('a'))}`,
    bundles: { path: (hash) => hash, projection: async () => projection },
    ...{ workers: 0, partitions, memoryBytes, batchBytes, checkpointEveryMs: 0, logger: silentLogger },
  };
}

/** Builds the event log of version 2 from position 1, version 1 going on, and hands it to a translator. */
async function retranslated(world: ReplayWorld): Promise<void> {
  const { directory, store } = world;
  const text = { text: '', sourceMap: '' };
  const building = buildEventLog({
    project: { directory, store, groups: [], bundles: { ...noBundles, put: async () => undefined } },
    translation: {
      ref: refOf(alpha2),
      translation: alpha2,
      events: Object.values(events),
      bundle: { hash: 'second', kind: 'translation', name: 'a:alpha@2', inputs: {}, ...text },
    },
    logger: silentLogger,
    signal: new AbortController().signal,
  });
  world.happen('a', 2);
  world.happen('b', 1);
  const { position } = await building;
  expect(position).toBeGreaterThanOrEqual(0);
  expect(await registeredTranslations(directory, 'alpha')).toMatchObject([{ state: 'running' }]);
  await world.translate(alpha2, false);
}

const notThere = (): never => {
  throw new Error('no bundle is read here');
};
const noBundles = { info: notThere, path: notThere, projection: notThere, translation: notThere };

/** What version 2 has told is what the oracle says, to the letter. */
async function checkVersion2(world: ReplayWorld, histories: Histories): Promise<void> {
  const log = refOf(alpha2);
  const directory = eventLogDirectory(world.directory, log);
  const reader = await openLogReader<EventLogLine>({ directory, fileSystem: nodeFileSystem });
  const found: string[] = [];
  for await (const chunk of readEvents(reader, log))
    found.push(...chunk.events.map(({ id, data }) => canonicalJson({ id, data })));
  await reader.close();
  const expected = expectedOf(histories, [log]);
  expect(found).toEqual(expected.map(({ id, data }) => canonicalJson({ id, data })));
}
