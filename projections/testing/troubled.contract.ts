import { describe, expect, test } from '@jest/globals';
import { canonicalJson } from 'banyan/runtime';
import type { GenerationId, Trouble, ViewStore } from '../view-store.ts';
import { expectTroubled } from './by-index.ts';
import { newGeneration, settled, tombstone, write } from './examples.ts';
import { open, parked, troubledItem } from './unsettled-items.ts';

const troubles: readonly Trouble[] = ['doubt', 'window', 'parked'];

/** Items that somebody must look after. */
export function troubledContract(store: () => ViewStore): void {
  const expectKeys = (id: GenerationId, trouble: Trouble, ...keys: string[]): Promise<void> =>
    expectTroubled(store(), id, trouble, keys);

  describe('items in trouble', () => {
    test('are listed by trouble, in key order, as they are', async () => {
      const id = await newGeneration(store());
      const names = ['c', 'a', 'b', '\ud800', '\0', '😀'];
      for (const trouble of troubles) {
        const items = names.map((name) => troubledItem(`${name}:${trouble}`, 1, trouble));
        await store().writeMany(
          id,
          items.map((item) => write(item)),
        );
      }
      await store().writeMany(id, [
        write(settled('a:settled', 1)),
        write(tombstone('a:removed', 1)),
        write(open('a:open', 1, [3])),
      ]);
      for (const trouble of troubles) {
        await expectKeys(id, trouble, ...names.map((name) => `${name}:${trouble}`).sort());
        const [item] = (await store().troubled(id, trouble, { limit: 1 })).items;
        expect(canonicalJson(item)).toBe(canonicalJson(troubledItem(item?.key ?? '', 1, trouble)));
      }
    });

    test('come, change and go with their state', async () => {
      const id = await newGeneration(store());
      await store().writeMany(id, [write(settled('a', 1)), write(troubledItem('b', 1, 'doubt'))]);
      await expectKeys(id, 'doubt', 'b');
      await store().writeMany(id, [
        write(troubledItem('a', 2, 'window'), 1),
        write(troubledItem('b', 2, 'parked'), 1),
      ]);
      await store().writeMany(id, [write(troubledItem('c', 1, 'doubt'))]);
      await expectKeys(id, 'doubt', 'c');
      await expectKeys(id, 'window', 'a');
      await expectKeys(id, 'parked', 'b');
      await store().writeMany(id, [write(open('a', 3, [4]), 2), write(tombstone('b', 3), 2)]);
      await store().writeMany(
        id,
        troubles.map((trouble) => write(troubledItem(`d:${trouble}`, 1, trouble))),
      );
      await expectKeys(id, 'doubt', 'c', 'd:doubt');
      await expectKeys(id, 'window', 'd:window');
      await expectKeys(id, 'parked', 'd:parked');
    });

    test('a write that lost its condition moves none', async () => {
      const id = await newGeneration(store());
      await store().writeMany(id, [write(settled('a', 5)), write(parked('b', 5))]);
      await store().writeMany(id, [write(parked('a', 4), 3), write(settled('b', 4), 3)]);
      await store().writeMany(id, [write(parked('c', 1))]);
      await expectKeys(id, 'parked', 'b', 'c');
    });

    test('are paged through while they are mended', async () => {
      const id = await newGeneration(store());
      const all = ['a', 'b', 'c', 'd', 'e'];
      await store().writeMany(
        id,
        all.map((key) => write(troubledItem(key, 1, 'window'))),
      );
      await expectKeys(id, 'window', ...all);
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await store().troubled(id, 'window', {
          limit: 2,
          ...(after !== undefined && { after }),
        });
        const writes = page.items.map(({ key }) => write(settled(key, 2), 1));
        expect(await store().writeMany(id, writes)).toMatchObject({ conflicts: [] });
        seen.push(...page.items.map(({ key }) => key));
        after = page.next;
      } while (after !== undefined);
      expect(seen).toEqual(all);
      await store().writeMany(id, [write(troubledItem('f', 1, 'window'))]);
      await expectKeys(id, 'window', 'f');
    });

    test('are counted, up to so many', async () => {
      const id = await newGeneration(store());
      expect(await store().countTroubled(id, 'parked')).toBe(0);
      const keys = Array.from({ length: 40 }, (_, n) => `k${String(n).padStart(2, '0')}`);
      await store().writeMany(
        id,
        keys.map((key) => write(parked(key, 1))),
      );
      await expectKeys(id, 'parked', ...keys);
      for (const most of [1, 10, 39, 40, 41])
        expect(await store().countTroubled(id, 'parked', most)).toBe(Math.min(most, 40));
      expect(await store().countTroubled(id, 'window', 10)).toBe(0);
    });

    test('a cursor of another page, and a page of no items, are refused', async () => {
      const id = await newGeneration(store());
      const items = ['a', 'b'].flatMap((key) =>
        troubles.map((trouble) => write(troubledItem(`${key}${trouble}`, 1, trouble))),
      );
      await store().writeMany(id, items);
      await expectKeys(id, 'doubt', 'adoubt', 'bdoubt');
      const after = (await store().troubled(id, 'doubt', { limit: 1 })).next ?? '';
      const invalid = { code: 'CURSOR_INVALID' };
      await expect(store().troubled(id, 'parked', { limit: 1, after })).rejects.toMatchObject(invalid);
      await expect(store().scan(id, { limit: 1, after })).rejects.toMatchObject(invalid);
      const scanned = (await store().scan(id, { limit: 1 })).next ?? '';
      await expect(store().troubled(id, 'doubt', { limit: 1, after: scanned })).rejects.toMatchObject(
        invalid,
      );
      await expect(store().troubled(id, 'doubt', { limit: 0 })).rejects.toMatchObject({
        code: 'PAGE_LIMIT_INVALID',
      });
    });
  });
}
