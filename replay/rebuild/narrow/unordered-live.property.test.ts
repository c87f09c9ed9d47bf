import { expect, test } from '@jest/globals';
import { converge, createMemoryViewStore, isParked, type Item } from 'banyan/projections';
import fc from 'fast-check';
import { allPages } from '../../../projections/testing/examples.ts';
import { happeningsOf, write } from '../testing/histories.ts';
import { rebuiltAtLast, settings } from '../testing/killed-rebuilds.ts';
import { expectedOf, faulty, itemBytes, keptOf, poisoned, saidPoisoned } from '../testing/poisoned.ts';
import { unorderedLive } from '../testing/unordered-live.ts';
import { customers, makeWorld, orders, type World } from '../testing/world.ts';

const long = process.env['BANYAN_LONG'] !== undefined;
const numRuns = long ? 500 : 40;
/** What hangs must fail. */
const limitMs = long ? 600_000 : 60_000;
const affected = new Set(['k0', 'k1', 'k-none']);

const share = fc.constantFrom(0, 0.3, 0.6, 0.9, 1, 1);
const lives = fc.record({
  seed: fc.nat(),
  /** Where the watermarks are before the rebuild, and behind each of its failures. */
  shares: fc.array(fc.tuple(share, share), { minLength: 1, maxLength: 4 }),
});

async function itemsIn({ store }: World, number: number): Promise<Map<string, Item>> {
  const id = { projection: poisoned.name, number };
  const all = await allPages((after) =>
    store.scan(id, { limit: 1000, ...(after !== undefined && { after }) }),
  );
  return new Map(all.map((item) => [item.key, item]));
}

/** The item once all has settled. */
function atRest(item: Item): Item {
  const bounds = { isCovered: () => false, isSettled: () => true, nothingBefore: undefined };
  const limits = { windowEvents: 500, windowBytes: 2 ** 20, itemBytes };
  const made = converge(poisoned, item.key, item, [], bounds, limits);
  return made.kind === 'changed' ? made.item : item;
}

test(
  'a copy of what an unordered bus feeds: windows and all, what is parked folded anew, the rest gone on with',
  async () => {
    const check = fc.asyncProperty(
      happeningsOf(saidPoisoned),
      settings,
      lives,
      async (history, { failures, ...given }, { seed, shares }) => {
        const world = await makeWorld({ store: createMemoryViewStore({ itemBytes }), code: poisoned });
        try {
          const endTime = await write(world, history);
          const live = await unorderedLive(world, {
            ...{ code: faulty, number: 1, logs: [orders, customers] },
            endTime,
            seed,
            isMended: false,
          });
          const [first = [], ...later] = shares;
          await live.feed(first);
          const narrow = { choice: { kind: 'keys' as const, keys: affected }, seed };
          const { generation, figures } = await rebuiltAtLast(
            world.options({ ...given, narrow, checkpointEveryMs: 0 }),
            failures,
            () => live.feed(later.shift() ?? [0, 0]),
          );
          const expected = expectedOf(world.events());
          const made = await itemsIn(world, generation.number);
          const before = await itemsIn(world, 1);
          for (const key of new Set([...expected.keys(), ...made.keys()])) {
            const item = made.get(key);
            if (item?.state.kind === 'behind' && item.state.cause.kind === 'window') {
              expect([key, affected.has(key), before.get(key)?.state.kind]).toEqual([key, false, 'behind']);
              continue;
            }
            const rest = item && atRest(item);
            const found = rest && (rest.document || isParked(rest)) ? keptOf(rest)[1] : undefined;
            expect([key, found]).toEqual([key, expected.get(key)]);
            if (affected.has(key)) expect(item?.state.kind).not.toBe('open');
          }
          expect(figures.parked.count).toBe([...made.values()].filter(isParked).length);
        } finally {
          await world.close();
        }
      },
    );
    await fc.assert(check, { numRuns });
  },
  limitMs,
);
