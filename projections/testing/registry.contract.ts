import { describe, expect, test } from '@jest/globals';
import type { ViewStore } from '../view-store.ts';
import { exampleGeneration, newGeneration, settled, write } from './examples.ts';

/** Generations, their states, and the live pointer. */
export function registryContract(store: () => ViewStore, another: () => ViewStore): void {
  describe('generations', () => {
    test('each has storage of its own', async () => {
      const first = await newGeneration(store());
      const second = await newGeneration(store(), { projection: first.projection, number: 2, indexes: [] });
      await store().writeMany(first, [write(settled('a', 1, { of: 1 }))]);
      await store().writeMany(second, [write(settled('a', 1, { of: 2 }))]);
      expect((await store().readMany(first, ['a'])).get('a')?.document).toEqual({ of: 1 });
      expect((await store().readMany(second, ['a'])).get('a')?.document).toEqual({ of: 2 });
      expect(await store().generations(first.projection)).toEqual([first, second]);
    });

    test('created at once by several, it is one, and all are told the same', async () => {
      const [one, other] = [exampleGeneration(), exampleGeneration()];
      const mine = { ...other, projection: one.projection, bundle: 'b2' };
      const made = await Promise.all([
        store().createGeneration(one),
        another().createGeneration(mine),
        store().createGeneration(mine),
      ]);
      expect(new Set(made.map(({ bundle }) => bundle)).size).toBe(1);
      expect(await another().generations(one.projection)).toEqual([made[0]]);
    });

    test('its progress begins at its floor', async () => {
      const floor = { 'shop:orders@1': { position: 12 }, 'b:b@2': { position: 3, index: 4 } };
      expect(await store().progress(await newGeneration(store(), { floor }))).toEqual(floor);
      expect(await store().progress(await newGeneration(store()))).toEqual({});
    });

    test('its state changes only from the expected one', async () => {
      const id = await newGeneration(store());
      const floor = { 'shop:orders@1': { position: 12 } };
      await store().changeGeneration(id, 'building', { state: { kind: 'ready' }, floor });
      const late = store().changeGeneration(id, 'building', {
        state: { kind: 'failed', why: 'x' },
        floor: {},
      });
      await expect(late).rejects.toMatchObject({ code: 'GENERATION_CONFLICT' });
      expect(await store().generations(id.projection)).toEqual([{ ...id, state: { kind: 'ready' }, floor }]);
    });

    test('dropped, it is gone for all, and may be dropped again', async () => {
      const id = await newGeneration(store());
      await store().writeMany(id, [write(settled('a', 1))]);
      await another().writeMany(id, [write(settled('b', 1))]);
      await store().dropGeneration(id);
      await store().dropGeneration(id);
      expect(await another().generations(id.projection)).toEqual([]);
      const gone = { code: 'GENERATION_UNKNOWN' };
      await expect(another().readMany(id, ['a'])).rejects.toMatchObject(gone);
      await expect(another().writeMany(id, [write(settled('c', 1))])).rejects.toMatchObject(gone);
      await expect(another().scan(id, { limit: 1 })).rejects.toMatchObject(gone);
      await expect(another().count(id)).rejects.toMatchObject(gone);
      await expect(another().progress(id)).rejects.toMatchObject(gone);
      await expect(another().purgeRemoved(id, '2030')).rejects.toMatchObject(gone);
      const late = another().changeGeneration(id, 'building', { state: { kind: 'ready' }, floor: {} });
      await expect(late).rejects.toMatchObject(gone);
    });

    test('names of any length and text are kept apart', async () => {
      const names = ['x'.repeat(80), `${'x'.repeat(80)}y`, 'a"b', 'a b', 'é', 'è', 'generations', '.g1'];
      const made = await Promise.all(
        names.map((projection) => newGeneration(store(), { projection, indexes: [{ name: projection }] })),
      );
      for (const [n, id] of made.entries()) await store().writeMany(id, [write(settled('a', 1, { n }))]);
      for (const [n, id] of made.entries())
        expect((await store().readMany(id, ['a'])).get('a')?.document).toEqual({ n });
      for (const id of made) await store().dropGeneration(id);
    });
  });

  describe('the live pointer', () => {
    test('moves under its epoch, which only grows', async () => {
      const group = exampleGeneration().projection;
      expect(await store().pointer(group)).toBeUndefined();
      expect(await store().movePointer(group, 0, { view: 1 })).toEqual({ epoch: 1, live: { view: 1 } });
      await expect(store().movePointer(group, 0, { view: 3 })).rejects.toMatchObject({
        code: 'POINTER_CONFLICT',
      });
      await expect(store().movePointer(group, 2, { view: 3 })).rejects.toMatchObject({
        code: 'POINTER_CONFLICT',
      });
      expect(await another().movePointer(group, 1, { view: 2, other: 1 })).toEqual({
        epoch: 2,
        live: { view: 2, other: 1 },
      });
      expect(await store().movePointer(group, 2, { view: 1 })).toEqual({ epoch: 3, live: { view: 1 } });
      expect(await another().pointer(group)).toEqual({ epoch: 3, live: { view: 1 } });
      expect(await store().pointer(`${group}x`)).toBeUndefined();
    });

    test('keeps its past until it is given another', async () => {
      const group = exampleGeneration().projection;
      const past = {
        view: { last: { action: 'promote' as const, epoch: 1, from: 1 }, before: [1], retired: [] },
      };
      expect(await store().movePointer(group, 0, { view: 2 }, past)).toEqual({
        epoch: 1,
        live: { view: 2 },
        past,
      });
      expect(await another().movePointer(group, 1, { view: 2, other: 1 })).toEqual({
        epoch: 2,
        live: { view: 2, other: 1 },
        past,
      });
      const other = { view: { before: [], retired: [1, 3] } };
      await another().movePointer(group, 2, { view: 2 }, other);
      expect(await store().pointer(group)).toEqual({ epoch: 3, live: { view: 2 }, past: other });
    });

    test('moved at once by several, it is moved by one', async () => {
      const group = exampleGeneration().projection;
      for (let epoch = 0; epoch < 5; epoch += 1) {
        const moves = Array.from({ length: 8 }, (_, n) =>
          (n % 2 ? store() : another()).movePointer(group, epoch, { view: n }),
        );
        const done = (await Promise.allSettled(moves)).flatMap((one) =>
          one.status === 'fulfilled' ? [one.value] : [],
        );
        expect(done).toHaveLength(1);
        expect(await store().pointer(group)).toEqual(done[0]);
      }
    });
  });
}
