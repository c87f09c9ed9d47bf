import { expect, test } from '@jest/globals';
import { createMemoryViewStore } from 'banyan/projections';
import { newGeneration, settled, tombstone, write } from '../../projections/testing/examples.ts';
import { open, parked, troubledItem } from '../../projections/testing/unsettled-items.ts';
import { itemsNow, standsAt } from './items.ts';

test('an item stands at a position when nothing behind it is in it, and when it will not change', () => {
  const stands = (item: Parameters<typeof standsAt>[0], source = 'shop') => standsAt(item, source, 5);
  expect([undefined, settled('a', 5), tombstone('a', 4), parked('a', 5)].map((item) => stands(item))).toEqual(
    [true, true, true, true],
  );
  const moving = [settled('a', 6), parked('a', 6), open('a', 1, [3]), troubledItem('a', 3, 'window')];
  expect(moving.map((item) => stands(item))).toEqual([false, false, false, false]);
  expect(stands(settled('a', 4), 'crm')).toBe(false);
});

test('items that wait for a catch-up are read again until they have had it, for as long as there is time', async () => {
  const store = createMemoryViewStore();
  const generation = await newGeneration(store);
  const waiting = troubledItem('a', 3, 'window');
  await store.writeMany(generation, [write(waiting), write(parked('b', 3))]);
  let reads = 0;
  const watched = {
    ...store,
    readMany: async (...given: Parameters<typeof store.readMany>) => {
      reads += 1;
      if (reads === 3) await store.writeMany(generation, [write(settled('a', 7), waiting.revision)]);
      return store.readMany(...given);
    },
  };
  const { signal } = new AbortController();
  const read = (timeoutMs: number) => itemsNow({ store: watched, generation, timeoutMs, signal }, ['a', 'b']);
  expect((await read(0)).items.get('a')).toEqual(waiting);
  const { items } = await read(60_000);
  expect([...items.values()].map(({ key, state }) => [key, state.kind])).toEqual([
    ['a', 'settled'],
    ['b', 'behind'],
  ]);
  expect(reads).toBe(3);
});
