import { expect, test } from '@jest/globals';
import { itemSize } from '../item-size.ts';
import type { AtomicViewStore, ViewStore } from '../view-store.ts';
import { at, newGeneration, settled, write } from './examples.ts';
import { open, parked } from './unsettled-items.ts';

/** Items up to a size. @param openWith gives a store that takes items of so many bytes */
export function itemBytesContract(
  openWith: (itemBytes: number) => Promise<ViewStore | AtomicViewStore>,
): void {
  test('an item as large as the store takes is written, a larger one is refused', async () => {
    const document = { text: 'é'.repeat(50) };
    const size = Buffer.byteLength(JSON.stringify(document));
    const store = await openWith(size);
    expect(store.itemBytes).toBe(size);
    const id = await newGeneration(store);
    // A parked item holds its document once, as base and as what is shown.
    const fitting = [settled('a', 1, document), parked('b', 1, document), open('c', 1, [1])];
    expect(fitting.map(itemSize)).toEqual([size, size, expect.any(Number)]);
    expect(
      await store.writeMany(
        id,
        fitting.map((item) => write(item)),
      ),
    ).toMatchObject({ conflicts: [] });
    const base = { document: { n: 1 }, at: at(1) };
    for (const item of [
      settled('d', 1, { ...document, n: 1 }),
      { ...parked('d', 1, document), document: { n: 1 } },
      open('d', 1, [2, 3, 4]),
      open('d', 1, [], { document, base }),
    ]) {
      expect(itemSize(item)).toBeGreaterThan(size);
      const refused = { code: 'WRITE_INVALID', message: expect.stringContaining(String(itemSize(item))) };
      await expect(store.writeMany(id, [write(item)])).rejects.toMatchObject(refused);
      const batch = { writes: [write(settled('e', 1)), write(item)], expected: {}, next: {} };
      if ('commit' in store) await expect(store.commit(id, batch)).rejects.toMatchObject(refused);
    }
    expect((await store.scan(id, { limit: 9 })).items.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    await store.close();
  });
}
