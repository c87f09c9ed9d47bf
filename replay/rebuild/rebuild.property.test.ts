import { expect, test } from '@jest/globals';
import { createLocalBus, eventLogName, type DomainEvent } from 'banyan/events';
import {
  createMemoryViewStore,
  isParked,
  parkedKeyOf,
  postgresViews,
  startProjector,
  type AnyProjection,
  type AtomicViewStore,
  type Generation,
  type Item,
} from 'banyan/projections';
import { silentLogger } from 'banyan/runtime';
import fc from 'fast-check';
import { testDatabase } from '../../kit/test-database.ts';
import { counters, expectedCounters } from '../../projections/testing/counters.ts';
import { happenings, happeningsOf, write, type Happening } from './testing/histories.ts';
import { itemsOf, rebuiltAtLast, settings, type Given } from './testing/killed-rebuilds.ts';
import { expectedOf, itemBytes, poisoned, keptOf, saidPoisoned } from './testing/poisoned.ts';
import { customers, makeWorld, orders, type World } from './testing/world.ts';

const long = process.env['BANYAN_LONG'] !== undefined;
const numRuns = long ? 500 : 25;
/** What hangs must fail. */
const limitMs = long ? 600_000 : 60_000;

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
  // The frontier of two logs that end at the same time lies at the end of the one that comes first: of the other, all
  // events are wanted and not its last tick.
  const isOfOrders = (event: DomainEvent): boolean => event.source === orders.source;
  const last = world.events().findLast(isOfOrders);
  await projector.reached({
    [eventLogName(customers)]: { position: world.writer(customers).committed },
    ...(last && { [eventLogName(orders)]: { position: last.position } }),
  });
  await projector.close();
  await bus.close();
  return generation;
}

/** A document and where its key is parked. Whatever cannot be applied, the document is what came before. */
function shown(item: Item): readonly [string, unknown] {
  if (!isParked(item)) return [item.key, item.document];
  expect(item.state.base.document).toEqual(item.document);
  return [item.key, { ...item.document, parked: parkedKeyOf(item) }];
}

test(
  'a rebuilt view is the fold of the events, whatever memory there was and wherever it was killed',
  async () => {
    await fc.assert(
      fc.asyncProperty(happenings, settings, async (history, { failures, ...given }) => {
        const world = await makeWorld();
        try {
          await write(world, history);
          const options = world.options({ ...given, checkpointEveryMs: 0 });
          const { generation } = await rebuiltAtLast(options, failures);
          const documents = await world.documents(generation);
          expect(documents).toEqual(
            expectedCounters(world.events().filter(({ type }) => type !== 'Unheard')),
          );
          const store = createMemoryViewStore();
          const live = await projected(world, store, counters);
          expect(await world.documents(live, store)).toEqual(documents);
          const { state, floor } = (await world.store.generations(counters.name)).at(-1) ?? {};
          expect({ state, floor }).toEqual({
            state: { kind: 'ready' },
            floor: await world.store.progress(generation),
          });
        } finally {
          await world.close();
        }
      }),
      { numRuns },
    );
  },
  limitMs,
);

/** Rebuilds what cannot be applied in part, and compares with the oracle; gives the items. */
async function rebuiltPoisoned(
  world: World,
  history: readonly Happening[],
  { failures, ...given }: Given,
): Promise<readonly Item[]> {
  await write(world, history);
  const options = world.options({ ...given, checkpointEveryMs: 0 });
  const { generation, figures } = await rebuiltAtLast(options, failures);
  const items = await itemsOf(generation, world.store);
  expect(new Map(items.map(keptOf))).toEqual(expectedOf(world.events()));
  const parked = items.filter(isParked).map(parkedKeyOf);
  expect(figures.parked).toEqual({ count: parked.length, first: parked.slice(0, 5) });
  return items;
}

test(
  'keys whose events cannot be applied are parked where the live projector parks them, and the others go on',
  async () => {
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
  },
  limitMs,
);

test(
  'on Postgres as in memory',
  async () => {
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
          const { generation } = await rebuiltAtLast(options, failures);
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
  },
  limitMs,
);
