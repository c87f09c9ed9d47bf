import { describe, expect, test } from '@jest/globals';
import type { AtomicViewStore } from '../view-store.ts';
import { keysOf, newGeneration, settled, write } from './examples.ts';

const log = 'shop:orders@1';
const upTo = (position: number) => ({ [log]: { position } });

/** Documents and progress in one step. */
export function commitContract(store: () => AtomicViewStore, another: () => AtomicViewStore): void {
  describe('commit', () => {
    test('writes items and progress', async () => {
      const id = await newGeneration(store());
      const writes = [write(settled('a', 1), undefined, { group: 'g' }), write(settled('b', 1))];
      expect(await store().commit(id, { writes, expected: {}, next: upTo(2) })).toEqual({ conflicts: [] });
      expect(await store().commit(id, { writes: [], expected: upTo(2), next: upTo(3) })).toEqual({
        conflicts: [],
      });
      expect(await another().progress(id)).toEqual(upTo(3));
      expect(await another().count(id)).toBe(2);
      expect(await keysOf(another(), id, 'g')).toEqual(['a']);
    });

    test('writes nothing at all when one item conflicts, and names it', async () => {
      const id = await newGeneration(store());
      await store().writeMany(id, [write(settled('b', 1)), write(settled('c', 1))]);
      const writes = [
        write(settled('a', 1)),
        write(settled('b', 3), 2),
        write(settled('c', 2)),
        write(settled('d', 2), 1),
      ];
      const { conflicts } = await store().commit(id, { writes, expected: {}, next: upTo(2) });
      expect([...conflicts].sort()).toEqual(['b', 'c', 'd']);
      expect(await store().progress(id)).toEqual({});
      expect((await store().readMany(id, ['a', 'd'])).size).toBe(0);
    });

    test('writes nothing when the progress is another', async () => {
      const id = await newGeneration(store());
      for (const expected of [
        upTo(1),
        { ...upTo(1), other: { position: 1 } },
        { [log]: { position: 1, index: 0 } },
      ]) {
        const late = store().commit(id, { writes: [write(settled('a', 1))], expected, next: upTo(2) });
        await expect(late).rejects.toMatchObject({ code: 'PROGRESS_CONFLICT' });
      }
      expect(await store().progress(id)).toEqual({});
      expect(await store().count(id)).toBe(0);
    });

    test('compares the progress by meaning, whatever the order of its names', async () => {
      const id = await newGeneration(store(), {
        floor: { a: { position: 1, index: 2 }, b: { position: 2 } },
      });
      const expected = { b: { position: 2 }, a: { index: 2, position: 1 } };
      expect(await store().commit(id, { writes: [], expected, next: upTo(2) })).toEqual({ conflicts: [] });
    });

    test('of projectors at once exactly one wins each step', async () => {
      const id = await newGeneration(store());
      for (let step = 0; step < 5; step += 1) {
        const expected = step === 0 ? {} : upTo(step);
        const tries = Array.from({ length: 6 }, (_, by) =>
          (by % 2 ? store() : another()).commit(id, {
            writes: [write(settled(`by-${step}`, 1, { by }))],
            expected,
            next: upTo(step + 1),
          }),
        );
        const outcomes = await Promise.allSettled(tries);
        const winners = outcomes.filter(
          (one) => one.status === 'fulfilled' && one.value.conflicts.length === 0,
        );
        expect(winners).toHaveLength(1);
      }
      expect(await store().count(id)).toBe(5);
    });

    test('of thousands of items is still one step', async () => {
      const id = await newGeneration(store());
      const many = Array.from({ length: 2500 }, (_, n) =>
        write(settled(`k${n}`, 1, { n, text: 'x'.repeat(20) })),
      );
      await store().writeMany(id, [write(settled('k2400', 1))]);
      const { conflicts } = await store().commit(id, { writes: many, expected: {}, next: upTo(1) });
      expect(conflicts).toEqual(['k2400']);
      expect(await store().count(id)).toBe(1);
      const rest = many.filter(({ item }) => item.key !== 'k2400');
      expect(await store().commit(id, { writes: rest, expected: {}, next: upTo(1) })).toEqual({
        conflicts: [],
      });
      expect(await store().count(id)).toBe(2500);
      expect(
        (
          await store().readMany(
            id,
            many.map(({ item }) => item.key),
          )
        ).size,
      ).toBe(2500);
    });
  });
}
