import { expect, test } from '@jest/globals';
import type { GenerationId, Item, ViewStore } from 'banyan/projections';
import { canonicalJson } from 'banyan/runtime';
import fc from 'fast-check';
import { seeded } from '../../seeded.ts';
import { happenings, type Happening } from './history.ts';
import { committed, eventsInOrder, expectedItems } from './oracle.ts';
import { World, type Weather } from './world.ts';

const isLong = process.env['BANYAN_LONG'] !== undefined;
const runs = Number(process.env['BANYAN_RUNS'] ?? (isLong ? 10_000 : 300));
const seed = Number(process.env['BANYAN_SEED'] ?? Date.now() % 2 ** 31);

const weathers: fc.Arbitrary<Weather> = fc.record({
  seed: fc.nat(),
  drop: fc.constantFrom(0, 0.05, 0.05, 0.3),
  repeat: fc.constantFrom(1, 3, 10),
  batch: fc.constantFrom(1, 4, 20),
  kill: fc.constantFrom(0, 0.01, 0.05),
  sleep: fc.constantFrom(0, 0.02, 0.1),
  everyMs: fc.constantFrom(0, 100, 1e12),
  windowEvents: fc.constantFrom(1, 2, 6, 500),
  purge: fc.boolean(),
  replayAt: fc.constantFrom(0, 0.5, 0.9, 2),
});

test(
  `however the bus and the processes fare, each document is the ordered fold (seed ${String(seed)}, ${String(runs)} runs)`,
  async () => {
    await fc.assert(
      fc.asyncProperty(happenings, weathers, async (history, weather) => {
        const world = new World(weather, seeded(weather.seed));
        await world.run(committed(history));
        await check(world, history);
      }),
      { numRuns: runs, seed },
    );
  },
  (isLong ? 3600 : 240) * 1000,
);

async function check(world: World, history: readonly Happening[]): Promise<void> {
  const told = eventsInOrder(committed(history));
  const expected = Object.fromEntries(
    [...expectedItems(told)]
      .filter(([, { document, parked }]) => document ?? parked)
      .map(([key, { document, parked }]) => [
        key,
        canonicalJson({ ...(document && { document }), ...(parked !== undefined && { parked }) }),
      ]),
  );
  for (const { generation, lost } of world.fed) {
    // G3 for each, and so G4: the one that was rebuilt equals the one that was live.
    expect(await itemsOf(world.store, generation)).toEqual(expected);
    const { figures, watermark } = await world.store.tracking(generation);
    const { floor } =
      (await world.store.generations(generation.projection)).find(
        ({ number }) => number === generation.number,
      ) ?? generation;
    expect(watermark).toEqual(world.end);
    // Each loss was healed and counted; what was only late was told apart in the end.
    const missing = told.filter(
      ({ id, log, order: [, , position] }) => lost.has(id) && position > (floor[log]?.position ?? 0),
    );
    expect(figures.healed - figures.late).toBe(missing.length);
  }
}

/** What a reader would see, and what is parked. */
async function itemsOf(store: ViewStore, id: GenerationId): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  let after: string | undefined;
  do {
    const page = await store.scan(id, { limit: 1000, ...(after !== undefined && { after }) });
    for (const item of page.items) {
      const parked = parkedAt(item);
      if (item.document === undefined && parked === undefined) continue;
      found[item.key] = canonicalJson({
        ...(item.document && { document: item.document }),
        ...(parked !== undefined && { parked }),
      });
    }
    after = page.next;
  } while (after !== undefined);
  return found;
}

function parkedAt({ state }: Item): string | undefined {
  return state.kind === 'behind' && state.cause.kind === 'parked' ? state.cause.eventId : undefined;
}
