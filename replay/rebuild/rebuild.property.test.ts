import { expect, test } from '@jest/globals';
import { createLocalBus, eventLogName, type EventLogRef } from 'banyan/events';
import {
  createMemoryViewStore,
  postgresViews,
  startProjector,
  type AtomicViewStore,
} from 'banyan/projections';
import { silentLogger } from 'banyan/runtime';
import fc from 'fast-check';
import { testDatabase } from '../../kit/test-database.ts';
import { counters, expectedCounters } from '../../projections/testing/counters.ts';
import { rebuild, type Rebuilt, type RebuildOptions } from './rebuild.ts';
import { happenings, write } from './testing/histories.ts';
import { customers, makeWorld, orders, type World } from './testing/world.ts';

const numRuns = process.env['BANYAN_LONG'] === undefined ? 25 : 500;

const settings = fc.record({
  partitions: fc.constantFrom(1, 2, 3),
  memoryBytes: fc.constantFrom(1, 4000, 20_000, 2 ** 24),
  batchBytes: fc.constantFrom(1, 500, 100_000),
  /** The store fails at that call, and so on. */
  failures: fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 4 }),
});

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
async function projected(world: World, store: AtomicViewStore): Promise<unknown> {
  const generation = await store.createGeneration({
    ...{
      projection: counters.name,
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
    projection: counters,
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
  return world.documents(generation, store);
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
        expect(await projected(world, createMemoryViewStore())).toEqual(documents);
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

test('on Postgres as in memory', async () => {
  const store = postgresViews({ connectionString: await testDatabase('rebuild') });
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
  await store.close();
});
