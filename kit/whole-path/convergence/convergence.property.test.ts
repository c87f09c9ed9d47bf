import { test } from '@jest/globals';
import fc from 'fast-check';
import { seeded } from '../../seeded.ts';
import { expectConverged } from './expect-converged.ts';
import { happenings } from './history.ts';
import { committed } from './oracle.ts';
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
        // G3 for each generation, and so G4: the one that was rebuilt equals the one that was live.
        for (const { generation, lost } of world.fed)
          await expectConverged(history, { store: world.store, end: world.end, generation, lost });
      }),
      { numRuns: runs, seed },
    );
  },
  (isLong ? 3600 : 240) * 1000,
);
