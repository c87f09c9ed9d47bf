import { describe, expect, test } from '@jest/globals';
import { encodeSort } from '../index-key.ts';
import type { ViewStore } from '../view-store.ts';
import { byIndex, expectKeys } from './by-index.ts';
import { byGroup, newGeneration, settled, tombstone, write } from './examples.ts';

/** Queries by index, pages and their cursors. */
export function indexesContract(store: () => ViewStore): void {
  describe('indexes', () => {
    test('a partition in order, from both ends, between bounds', async () => {
      const id = await newGeneration(store());
      const sorts = ['b', 10, 'a', 9, undefined, -1, 10, ''];
      await store().writeMany(id, [
        ...sorts.map((sort, n) =>
          write(settled(`k${n}`, 1), undefined, { group: 'g', ...(sort !== undefined && { sort }) }),
        ),
        write(settled('x', 1), undefined, { group: 'h', sort: 1 }),
        write(settled('y', 1)),
      ]);
      const expected = ['k4', 'k5', 'k3', 'k1', 'k6', 'k7', 'k2', 'k0'];
      await expectKeys(store(), id, 'g', expected);
      await expectKeys(store(), id, 'g', [...expected].reverse(), { order: 'descending' });
      const between = { sortFrom: encodeSort(9), sortTo: encodeSort('a') };
      const found = ['k3', 'k1', 'k6', 'k7', 'k2'];
      await expectKeys(store(), id, 'g', found, between);
      await expectKeys(store(), id, 'g', [...found].reverse(), { ...between, order: 'descending' });
      await expectKeys(store(), id, 'none', []);
    });

    test('an item moves with its document and leaves with it', async () => {
      const id = await newGeneration(store());
      await store().writeMany(
        id,
        ['a', 'b', 'c'].map((key) => write(settled(key, 1), undefined, { group: 'g' })),
      );
      await store().writeMany(id, [
        write(settled('a', 2), 1, { group: 'h' }),
        write(tombstone('b', 2), 1),
        write(settled('c', 2), 1),
      ]);
      await store().writeMany(id, [write(settled('d', 1), undefined, { group: 'g' })]);
      await expectKeys(store(), id, 'g', ['d']);
      await expectKeys(store(), id, 'h', ['a']);
    });

    test('the pages of a view under writing show each item that stays exactly once', async () => {
      const id = await newGeneration(store());
      const key = (n: number): string => `k${String(n).padStart(3, '0')}`;
      const even = Array.from({ length: 20 }, (_, n) => n * 2);
      await store().writeMany(
        id,
        even.map((n) => write(settled(key(n), 1), undefined, { group: 'g', sort: n })),
      );
      await expectKeys(store(), id, 'g', even.map(key));
      const seen: string[] = [];
      let after: string | undefined;
      for (let n = 0; ; n += 1) {
        const page = await store().query(id, {
          index: byGroup,
          partition: 'g',
          limit: 3,
          ...(after !== undefined && { after }),
        });
        seen.push(...page.items.map((item) => item.key));
        if (page.next === undefined) break;
        expect(n).toBeLessThan(1000);
        after = page.next;
        // New ones before and behind the reader; one of those that were shown goes.
        await store().writeMany(
          id,
          [1, 41 + n * 2].map((m) =>
            write(settled(key(m + (n << 8)), 1), undefined, { group: 'g', sort: m }),
          ),
        );
        await store().writeMany(id, [write(tombstone(seen[n] ?? '', 2), 1)]);
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.filter((one) => even.map(key).includes(one))).toEqual(even.map(key));
    });

    test('a page says whether there is another', async () => {
      const id = await newGeneration(store());
      await store().writeMany(
        id,
        ['a', 'b'].map((key) => write(settled(key, 1), undefined, { group: 'g' })),
      );
      await byIndex(store(), async () => {
        const { items, next } = await store().query(id, { index: byGroup, partition: 'g', limit: 2 });
        expect({ keys: items.map(({ key }) => key), next }).toEqual({ keys: ['a', 'b'], next: undefined });
      });
      expect((await store().scan(id, { limit: 2 })).next).toBeUndefined();
      expect((await store().scan(id, { limit: 1 })).next).toBeDefined();
    });

    test('a cursor of another view, generation, index, partition or kind of page is refused', async () => {
      const indexes = [{ name: byGroup }, { name: 'other' }];
      const id = await newGeneration(store(), { indexes });
      const next = await newGeneration(store(), { projection: id.projection, number: 2, indexes });
      const entries = (key: string) => [
        { index: byGroup, partition: 'g', sort: '' },
        { index: 'other', partition: key, sort: '' },
      ];
      await store().writeMany(
        id,
        ['a', 'b'].map((key) => ({ ...write(settled(key, 1)), indexEntries: entries(key) })),
      );
      await expectKeys(store(), id, 'g', ['a', 'b']);
      const after = (await store().query(id, { index: byGroup, partition: 'g', limit: 1 })).next ?? '';
      const ask = (given: object) =>
        store().query(id, { index: byGroup, partition: 'g', limit: 1, after, ...given });
      expect((await ask({})).items.map(({ key }) => key)).toEqual(['b']);
      const invalid = { code: 'CURSOR_INVALID' };
      for (const given of [
        { index: 'other' },
        { partition: 'h' },
        { after: '' },
        { after: 'nonsense' },
        { after: 'WzFd' },
      ]) {
        await expect(ask(given)).rejects.toMatchObject(invalid);
      }
      await expect(
        store().query(next, { index: byGroup, partition: 'g', limit: 1, after }),
      ).rejects.toMatchObject(invalid);
      await expect(store().scan(id, { limit: 1, after })).rejects.toMatchObject(invalid);
    });

    test('an index that the generation lacks, and a page of no or too many items, are refused', async () => {
      const id = await newGeneration(store());
      const query = store().query(id, { index: 'no', partition: 'g', limit: 1 });
      await expect(query).rejects.toMatchObject({ code: 'INDEX_UNKNOWN' });
      const writing = store().writeMany(id, [
        { ...write(settled('a', 1)), indexEntries: [{ index: 'no', partition: 'g', sort: '' }] },
      ]);
      await expect(writing).rejects.toMatchObject({ code: 'INDEX_UNKNOWN' });
      for (const limit of [0, 1001, 1.5]) {
        await expect(store().scan(id, { limit })).rejects.toMatchObject({ code: 'PAGE_LIMIT_INVALID' });
      }
    });
  });
}
