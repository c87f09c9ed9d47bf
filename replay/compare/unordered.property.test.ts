import { expect, test } from '@jest/globals';
import { createMemoryViewStore } from 'banyan/projections';
import fc from 'fast-check';
import { seeded } from '../../kit/seeded.ts';
import { happeningsOf, write } from '../rebuild/testing/histories.ts';
import { expectedOf, itemBytes, poisoned, saidPoisoned } from '../rebuild/testing/poisoned.ts';
import { unorderedLive } from '../rebuild/testing/unordered-live.ts';
import { customers, makeWorld, orders } from '../rebuild/testing/world.ts';
import { interrupted } from '../testing/fed-views.ts';
import { compareGenerations } from './compare-generations.ts';

const long = process.env['BANYAN_LONG'] !== undefined;

test(
  'two generations of the same code, fed by an unordered bus meanwhile, do not differ',
  async () => {
    const logs = [orders, customers];
    const check = fc.asyncProperty(happeningsOf(saidPoisoned), fc.nat(), async (history, seed) => {
      const world = await makeWorld({ store: createMemoryViewStore({ itemBytes }), code: poisoned });
      try {
        const endTime = await write(world, history);
        const random = seeded(seed);
        const sides = await Promise.all(
          [1, 2].map(async (number) => {
            const given = { code: poisoned, number, logs, endTime, seed: seed + number, isMended: true };
            return { live: await unorderedLive(world, given), shares: [0, 0] };
          }),
        );
        const feedOne = async (): Promise<void> => {
          const side = sides[random() < 0.5 ? 0 : 1];
          if (!side || side.shares.every((share) => share === 1)) return;
          side.shares = side.shares.map((share) => Math.min(1, share + random() * 0.4));
          await side.live.feed(side.shares);
        };
        for (const side of sides) await side.live.feed((side.shares = [random(), random()]));
        const compared = await compareGenerations({
          store: interrupted(world.store, feedOne),
          projection: poisoned.name,
          live: 1,
          next: 2,
          chunkSize: 3,
        });
        expect(compared).toMatchObject({
          documents: { added: 0, removed: 0, changed: 0 },
          unexplained: { count: 0, listed: [] },
          unsettled: 0,
          parked: { freed: 0, added: 0 },
        });
        const parked = [...expectedOf(world.events()).values()].filter((one) => one.parked !== undefined);
        expect(compared.parked.live).toBeLessThanOrEqual(parked.length);
      } finally {
        await world.close();
      }
    });
    await fc.assert(check, { numRuns: long ? 500 : 40, endOnFailure: true });
  },
  long ? 600_000 : 60_000,
);
