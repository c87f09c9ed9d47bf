import { expect, test } from '@jest/globals';
import { createMemoryViewStore, type ItemWrite, type ViewStore } from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';
import { exampleGeneration, settled, write } from '../../projections/testing/examples.ts';
import { PacedWriter } from './paced-writer.ts';

const generation = exampleGeneration({ indexes: [] });

/** So many documents. */
const writes = (count: number): ItemWrite[] =>
  Array.from({ length: count }, (_, at) => write(settled(`k${String(at)}`, 1)));

/** A store that refuses the first of its writes. */
async function refusing(times: number, error: Error): Promise<ViewStore> {
  const store = createMemoryViewStore();
  await store.createGeneration(generation);
  let left = times;
  return {
    ...store,
    writeMany: async (...given) => {
      if ((left -= 1) >= 0) throw error;
      return store.writeMany(...given);
    },
  };
}

const throttled = new BanyanError('VIEW_STORE_UNREACHABLE', 'throttled', { retryable: true });

test('a write that the store refuses is repeated, and the next ones are smaller and come later', async () => {
  const store = await refusing(1, throttled);
  const paced = new PacedWriter({ store, generation, rate: undefined });
  expect([paced.batch, paced.pauseMs, paced.perSecond]).toEqual([100, 0, Infinity]);
  expect(await paced.write(writes(400))).toEqual([]);
  expect(await store.count(generation)).toBe(400);
  expect(paced.perSecond).toBeLessThan(1000);
  expect(paced.throttled).toBe(1);
  // What is there already is told, and is no reason to wait.
  expect(await paced.write(writes(400))).toHaveLength(400);
  expect(paced.pauseMs).toBeGreaterThan(0);
});

test('what no repetition mends is not repeated', async () => {
  const store = await refusing(1, new BanyanError('VIEW_STORE_REFUSED', 'no credentials'));
  const paced = new PacedWriter({ store, generation, rate: undefined });
  await expect(paced.write(writes(1))).rejects.toMatchObject({ code: 'VIEW_STORE_REFUSED' });
  expect(paced.perSecond).toBe(Infinity);
});

test('what is allowed is a bound from the beginning', async () => {
  const store = await refusing(0, throttled);
  const paced = new PacedWriter({ store, generation, rate: 40 });
  expect(paced.batch).toBe(10);
  await paced.write(writes(100));
  expect([paced.perSecond, paced.pauseMs > 0]).toEqual([40, true]);
});

/** A store whose writes are throttled so often, in turn. */
async function throttling(...times: number[]): Promise<ViewStore> {
  const store = createMemoryViewStore();
  await store.createGeneration(generation);
  return {
    ...store,
    writeMany: async (...given) => {
      const outcome = await store.writeMany(...given);
      const throttled = times.shift() ?? 0;
      return throttled === 0 ? outcome : { ...outcome, throttled };
    },
  };
}

test('writes grow while all goes well; one that was throttled and done halves the rate at once', async () => {
  let now = 0;
  const store = await throttling(0, 0, 0, 0, 7, 3);
  const paced = new PacedWriter({ store, generation, rate: undefined, now: () => (now += 100) });
  const batches: number[] = [];
  for (let time = 0; time < 4; time += 1) {
    batches.push(paced.batch);
    await paced.write(writes(1));
  }
  expect([...batches, paced.batch]).toEqual([100, 200, 400, 800, 1000]);
  expect([paced.perSecond, paced.throttled]).toEqual([Infinity, 0]);
  await paced.write(writes(1));
  const { perSecond } = paced;
  expect(perSecond).toBeLessThan(Infinity);
  expect(paced.throttled).toBe(7);
  now += 2000;
  await paced.write(writes(1));
  expect(paced.perSecond).toBeLessThan(perSecond + 20);
  expect(paced.throttled).toBe(10);
  for (let second = 0; second < 20; second += 1) {
    now += 1000;
    await paced.write(writes(1));
  }
  expect(paced.perSecond).toBeGreaterThan(perSecond * 2);
});

test('of writes under way together that are throttled the first halves the rate, however long the others take', async () => {
  let now = 0;
  const ends: (() => void)[] = [];
  const memory = await throttling(1, 1, 1);
  const store: ViewStore = {
    ...memory,
    writeMany: async (...given) => {
      await new Promise<void>((resolve) => ends.push(resolve));
      return memory.writeMany(...given);
    },
  };
  const paced = new PacedWriter({ store, generation, rate: 4000, now: () => now });
  const underWay = [1, 2, 3].map(() => paced.write(writes(1000)));
  const rates: number[] = [];
  for (const [at, write] of underWay.entries()) {
    now += 5000;
    ends[at]?.();
    await write;
    rates.push(paced.perSecond);
  }
  const [first = 0, second = 0, third = 0] = rates;
  expect(first).toBeLessThan(4000);
  expect([second > first, third > second]).toEqual([true, true]);
});
