import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { OrderedStore, StoreWrite } from './ordered-store.ts';

const key = (text: string): Buffer => Buffer.from(text, 'latin1');
const put = (at: string, value: string): StoreWrite => [key(at), Buffer.from(value)];
const entries = (store: OrderedStore, prefix: string, after?: string): string[] =>
  [...store.range(key(prefix), after === undefined ? undefined : key(after))].map(
    ([at, value]) => `${at.toString('latin1')}=${value.toString()}`,
  );

/** What every adapter of {@link OrderedStore} has to do. */
export function describeOrderedStore(name: string, make: () => OrderedStore): void {
  describe(`${name} is an ordered store`, () => {
    let store: OrderedStore;
    beforeEach(() => void (store = make()));
    afterEach(() => store.close());

    test('what was written is read, an empty value included', async () => {
      await store.write([put('a', '1'), put('b', '')]);
      expect(store.get(key('a'))?.toString()).toBe('1');
      expect(store.get(key('b'))?.toString()).toBe('');
      expect(store.get(key('c'))).toBeUndefined();
    });

    test('the last write of a key in a batch counts, and a removal removes', async () => {
      await store.write([put('a', '1'), put('a', '2'), put('b', '1'), [key('b'), undefined]]);
      expect(entries(store, 'a')).toEqual(['a=2']);
      await store.write([
        [key('a'), undefined],
        [key('never'), undefined],
      ]);
      expect(entries(store, 'a')).toEqual([]);
    });

    test('a range holds the keys with the prefix, in byte order, behind the given one', async () => {
      await store.write(
        ['b\xff', 'b', 'c', 'b\x00', 'a', 'ba', 'b\x7f'].map((at) => put(at, at.slice(0, 1))),
      );
      expect(entries(store, 'b')).toEqual(['b=b', 'b\x00=b', 'ba=b', 'b\x7f=b', 'b\xff=b']);
      expect(entries(store, 'b', 'ba')).toEqual(['b\x7f=b', 'b\xff=b']);
      expect(entries(store, 'b', 'b')).toEqual(['b\x00=b', 'ba=b', 'b\x7f=b', 'b\xff=b']);
      expect(entries(store, 'b', 'a')).toHaveLength(5);
      expect(entries(store, 'b', 'c')).toEqual([]);
    });

    test('a range of thousands is complete, while entries are removed behind it', async () => {
      const names = Array.from({ length: 5000 }, (_, at) => `k${String(at).padStart(5, '0')}`);
      await store.write(names.map((at) => put(at, at)));
      const seen: string[] = [];
      let removal: Promise<void> = Promise.resolve();
      for (const [at] of store.range(key('k'))) {
        seen.push(at.toString());
        if (seen.length % 1000 === 0) removal = store.write([[at, undefined]]);
      }
      await removal;
      expect(seen).toEqual(names);
    });

    test('values outlive later reads and writes', async () => {
      const large = Buffer.alloc(300_000, 'x');
      await store.write([put('a', 'first'), [key('large'), large]]);
      const [a, l] = [store.get(key('a')), store.get(key('large'))];
      await store.write([put('a', 'second'), [key('large'), undefined]]);
      expect(store.get(key('a'))?.toString()).toBe('second');
      expect(a?.toString()).toBe('first');
      expect(l?.equals(large)).toBe(true);
    });

    test('keys may have 2000 bytes', async () => {
      const [one, two] = [`${'k'.repeat(1999)}1`, `${'k'.repeat(1999)}2`];
      await store.write([put(one, '1'), put(two, '2')]);
      expect(store.get(key(two))?.toString()).toBe('2');
    });

    test('clear removes everything, and the store can be used again', async () => {
      await store.write([put('a', '1')]);
      await store.clear();
      expect(entries(store, 'a')).toEqual([]);
      await store.write([put('a', '2')]);
      await store.flush();
      expect(entries(store, 'a')).toEqual(['a=2']);
    });

    test('a closed store says so, and closes twice', async () => {
      await store.close();
      await store.close();
      expect(() => store.get(key('a'))).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }));
      await expect(store.write([put('a', '1')])).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    });
  });

  test(`${name} equals a sorted map`, async () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', '\x01', '\xff'), minLength: 1, maxLength: 4 });
    const write = fc.tuple(texts, fc.option(fc.string({ maxLength: 3 }), { nil: undefined }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(write, { maxLength: 8 }), { maxLength: 8 }),
        texts,
        async (batches, at) => {
          const store = make();
          try {
            const model = new Map<string, string>();
            for (const batch of batches) {
              await store.write(
                batch.map(([k, v]) => [key(k), v === undefined ? undefined : Buffer.from(v)]),
              );
              for (const [k, v] of batch)
                if (v === undefined) model.delete(k);
                else model.set(k, v);
            }
            const sorted = [...model].filter(([k]) => k.startsWith(at)).sort(([a], [b]) => (a < b ? -1 : 1));
            expect(entries(store, at)).toEqual(sorted.map(([k, v]) => `${k}=${v}`));
            for (const [k, v] of model) expect(store.get(key(k))?.toString()).toBe(v);
          } finally {
            await store.close();
          }
        },
      ),
      { numRuns: process.env['BANYAN_LONG'] ? 300 : 25 },
    );
  });
}
