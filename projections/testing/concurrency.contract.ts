import { describe, expect, test } from '@jest/globals';
import type { ViewStore } from '../view-store.ts';
import { newGeneration, settled, write } from './examples.ts';

/** Several writers at once. */
export function concurrencyContract(store: () => ViewStore, another: () => ViewStore): void {
  describe('writers at once', () => {
    test('of a new key exactly one wins', async () => {
      const id = await newGeneration(store());
      const writers = Array.from({ length: 10 }, async (_, by) => {
        const outcome = await (by % 2 ? store() : another()).writeMany(id, [
          write(settled('a', 1 + by, { by })),
        ]);
        return outcome.conflicts.length === 0 ? [by] : [];
      });
      const winners = (await Promise.all(writers)).flat();
      expect(winners).toHaveLength(1);
      expect((await store().readMany(id, ['a'])).get('a')?.document).toEqual({ by: winners[0] });
    });

    test('that read, fold and write many keys lose nothing', async () => {
      const id = await newGeneration(store());
      const keys = ['a', 'b', 'c', 'd', 'e'];
      const adding = async (by: number): Promise<void> => {
        const on = by % 2 ? store() : another();
        // Some in the other order: whoever meets must not stand in each other's way for ever.
        let left = by % 3 ? keys : [...keys].reverse();
        while (left.length > 0) {
          const items = await on.readMany(id, left);
          const writes = left.map((key) => {
            const found = items.get(key);
            const sum = Number(found?.document?.['sum'] ?? 0) + 1;
            return write(settled(key, (found?.revision ?? 0) + 1, { sum }), found?.revision, {
              group: 'all',
              sort: sum,
            });
          });
          left = [...(await on.writeMany(id, writes)).conflicts];
        }
      };
      await Promise.all(Array.from({ length: 12 }, (_, by) => adding(by)));
      const items = await store().readMany(id, keys);
      expect(keys.map((key) => items.get(key)?.document)).toEqual(keys.map(() => ({ sum: 12 })));
      expect(keys.map((key) => items.get(key)?.revision)).toEqual(keys.map(() => 12));
    });

    test('prepare is safe', async () => {
      await Promise.all([store().prepare(), another().prepare(), store().prepare(), another().prepare()]);
    });
  });
}
