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
  expect([paced.batch, paced.pauseMs, paced.perSecond]).toEqual([1000, 0, Infinity]);
  expect(await paced.write(writes(400))).toEqual([]);
  expect(await store.count(generation)).toBe(400);
  expect(paced.perSecond).toBeLessThan(1000);
  expect(paced.batch).toBeLessThan(250);
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
