import { expect, test } from '@jest/globals';
import { createLocalBus, eventLogName, type EventLogRef } from 'banyan/events';
import {
  createMemoryViewStore,
  postgresViews,
  startProjector,
  type AnyProjection,
  type AtomicViewStore,
  type Generation,
  type GenerationId,
  type Item,
} from 'banyan/projections';
import { silentLogger } from 'banyan/runtime';
import fc from 'fast-check';
import { testDatabase } from '../../kit/test-database.ts';
import { counters, expectedCounters } from '../../projections/testing/counters.ts';
import { allPages } from '../../projections/testing/examples.ts';
import { isParked, parkedKeyOf } from '../parked-keys.ts';
import { rebuild, type Rebuilt, type RebuildOptions } from './rebuild.ts';
import { happenings, happeningsOf, write, type Happening } from './testing/histories.ts';
import { expectedOf, itemBytes, poisoned, saidPoisoned, type Kept } from './testing/poisoned.ts';
import { customers, makeWorld, orders, type World } from './testing/world.ts';

const numRuns = process.env['BANYAN_LONG'] === undefined ? 25 : 500;

const settings = fc.record({
  partitions: fc.constantFrom(1, 2, 3),
  memoryBytes: fc.constantFrom(1, 4000, 20_000, 2 ** 24),
  batchBytes: fc.constantFrom(1, 500, 100_000),
  /** The store fails at that call, and so on. */
  failures: fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 4 }),
});
type Given = typeof settings extends fc.Arbitrary<infer T> ? T : never;

/** A store whose call of that number fails, before or after it did its work. */
function failing(store: AtomicViewStore, at: number): AtomicViewStore {
  let calls = 0;
  const guard =
    <Args extends unknown[], Result>(method: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      calls += 1;
      const fails = calls === at;
      if (fails && at % 2 === 0) throw new Error('killed before');
      const result = await method(...args);
      if (fails) throw new Error('killed after');
      return result;
    };
  return {
    ...store,
    readMany: guard((...args) => store.readMany(...args)),
    writeMany: guard((...args) => store.writeMany(...args)),
    commit: guard((...args) => store.commit(...args)),
    createGeneration: guard((...args) => store.createGeneration(...args)),
    changeGeneration: guard((...args) => store.changeGeneration(...args)),
  };
}

/** Rebuilds, failing again and again, until it is through. */
async function rebuiltAtLast(
  world: World,
  options: RebuildOptions,
  failures: readonly number[],
): Promise<Rebuilt> {
  for (const at of failures) {
    try {
      return await rebuild({ ...options, store: failing(world.store, at) });
    } catch (error) {
      if (!/^killed/.test((error as Error).message)) throw error;
    }
  }
  return rebuild(options);
}

/** What a live projector makes of the same logs. */
async function projected(world: World, store: AtomicViewStore, code: AnyProjection): Promise<Generation> {
  const generation = await store.createGeneration({
    ...{
      projection: code.name,
      number: 100,
      state: { kind: 'live' as const },
      bundle: 'b1',
      logs: [orders, customers],
    },
    ...{ floor: {}, indexes: [{ name: 'byGroup' }], createdAt: '2026-03-01T00:00:00.000Z' },
  });
  const bus = createLocalBus({ eventLog: (log) => world.writer(log) });
  const logs = [orders, customers];
  const projector = await startProjector({
    projection: code,
    generation,
    store,
    bus,
    logs,
    logger: silentLogger,
  });
  const end = (log: EventLogRef) => [eventLogName(log), { position: world.writer(log).committed }] as const;
  // The frontier of two logs that end at the same time lies at the end of the one that comes first.
  await projector.reached(Object.fromEntries([end(customers)]));
  await projector.close();
  await bus.close();
  return generation;
}

/** Every item that has a document or is parked. */
async function itemsOf(id: GenerationId, store: AtomicViewStore): Promise<readonly Item[]> {
  const items = await allPages((after) =>
    store.scan(id, { limit: 1000, ...(after !== undefined && { after }) }),
  );
  return items.filter((item) => item.document !== undefined || isParked(item));
}

/** A document and where its key is parked. Whatever cannot be applied, the document is what came before. */
function shown(item: Item): readonly [string, unknown] {
  if (!isParked(item)) return [item.key, item.document];
  expect(item.state.base.document).toEqual(item.document);
  return [item.key, { ...item.document, parked: parkedKeyOf(item) }];
}

function kept(item: Item): readonly [string, Kept] {
  const ids = (item.document?.['ids'] ?? []) as string[];
  return [item.key, isParked(item) ? { ids, parked: item.state.cause.eventId } : { ids }];
}

test('a rebuilt view is the fold of the events, whatever memory there was and wherever it was killed', async () => {
  await fc.assert(
    fc.asyncProperty(happenings, settings, async (history, { failures, ...given }) => {
      const world = await makeWorld();
      try {
        await write(world, history);
        const options = world.options({ ...given, checkpointEveryMs: 0 });
        const { generation } = await rebuiltAtLast(world, options, failures);
        const documents = await world.documents(generation);
        expect(documents).toEqual(expectedCounters(world.events().filter(({ type }) => type !== 'Unheard')));
        const store = createMemoryViewStore();
        const live = await projected(world, store, counters);
        expect(await world.documents(live, store)).toEqual(documents);
        expect((await world.store.generations(counters.name)).at(-1)).toMatchObject({
          state: { kind: 'ready' },
          floor: await world.store.progress(generation),
        });
      } finally {
        await world.close();
      }
    }),
    { numRuns },
  );
});

/** Rebuilds what cannot be applied in part, and compares with the oracle; gives the items. */
async function rebuiltPoisoned(
  world: World,
  history: readonly Happening[],
  { failures, ...given }: Given,
): Promise<readonly Item[]> {
  await write(world, history);
  const options = world.options({ ...given, checkpointEveryMs: 0 });
  const { generation, figures } = await rebuiltAtLast(world, options, failures);
  const items = await itemsOf(generation, world.store);
  expect(new Map(items.map(kept))).toEqual(expectedOf(world.events()));
  const parked = items.filter(isParked).map(parkedKeyOf);
  expect(figures.parked).toEqual({ count: parked.length, first: parked.slice(0, 5) });
  return items;
}

test('keys whose events cannot be applied are parked where the live projector parks them, and the others go on', async () => {
  const check = fc.asyncProperty(happeningsOf(saidPoisoned), settings, async (history, given) => {
    const world = await makeWorld({ store: createMemoryViewStore({ itemBytes }), code: poisoned });
    try {
      const items = await rebuiltPoisoned(world, history, given);
      const store = createMemoryViewStore({ itemBytes });
      const live = await projected(world, store, poisoned);
      expect((await itemsOf(live, store)).map(shown)).toEqual(items.map(shown));
    } finally {
      await world.close();
    }
  });
  await fc.assert(check, { numRuns });
});

test('on Postgres as in memory', async () => {
  const store = postgresViews({ connectionString: await testDatabase('rebuild'), itemBytes });
  await store.prepare();
  let made = 0;
  await fc.assert(
    fc.asyncProperty(happenings, settings, async (history, { failures, ...given }) => {
      const name = `counters-${String((made += 1))}`;
      const world = await makeWorld({ store, code: { ...counters, name } });
      try {
        await write(world, history);
        const options = world.options({ ...given, checkpointEveryMs: 0 });
        const { generation } = await rebuiltAtLast(world, options, failures);
        expect(await world.documents(generation)).toEqual(
          expectedCounters(world.events().filter(({ type }) => type !== 'Unheard')),
        );
      } finally {
        await world.close();
      }
    }),
    { numRuns: Math.ceil(numRuns / 3) },
  );
  await fc.assert(
    fc.asyncProperty(happeningsOf(saidPoisoned), settings, async (history, given) => {
      const name = `poisoned-${String((made += 1))}`;
      const world = await makeWorld({ store, code: { ...poisoned, name } });
      await rebuiltPoisoned(world, history, given).finally(() => world.close());
    }),
    { numRuns: Math.ceil(numRuns / 3) },
  );
  await store.close();
});
