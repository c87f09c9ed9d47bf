import { describe, expect, test } from '@jest/globals';
import { eventAt } from 'banyan/events';
import { canonicalJson } from 'banyan/runtime';
import type { ItemState, ViewStore } from '../view-store.ts';
import { expectPurged, expectTroubled } from './by-index.ts';
import { exampleEvent } from './counters.ts';
import { at, newGeneration, settled, tombstone, write } from './examples.ts';
import { open, parked, troubledItem } from './unsettled-items.ts';

/** Items: reading, conditional writing, tombstones, the states' round trip. */
export function itemsContract(store: () => ViewStore): void {
  describe('items', () => {
    test('a written item is read back, and only what is there', async () => {
      const id = await newGeneration(store());
      const outcome = await store().writeMany(id, [
        write(settled('a', 1)),
        write(settled('b', 7, { n: 1.5, deep: [null, { x: 'é😀' }] })),
      ]);
      expect(outcome).toMatchObject({ conflicts: [] });
      const items = await store().readMany(id, ['a', 'b', 'c']);
      expect([...items.keys()].sort()).toEqual(['a', 'b']);
      expect(items.get('a')).toEqual(settled('a', 1));
      expect(items.get('b')).toEqual(settled('b', 7, { n: 1.5, deep: [null, { x: 'é😀' }] }));
    });

    test('every state comes back as it went', async () => {
      const id = await newGeneration(store());
      const event = exampleEvent(3, 'T', { text: 'a\0b\ud800', n: 0 });
      const elsewhere = { source: 'crm', translation: 'people', version: 7 };
      const place = { position: 9, index: 2, logTime: at(4).logTime, committedAt: at(3).logTime };
      const states: ItemState[] = [
        { kind: 'settled', at: at(1) },
        {
          kind: 'open',
          base: { document: undefined, at: undefined },
          window: [event],
        },
        {
          kind: 'open',
          base: { document: { x: 1 }, at: at(1) },
          window: [event, eventAt(elsewhere, place, { type: 'U', data: {} })],
          doubt: { eventId: event.id, code: 'C', message: 'm \0 "\\' },
        },
        { kind: 'open', base: { document: { x: 1 }, at: at(1) }, window: [] },
        { kind: 'behind', base: { document: { x: 1 }, at: at(1) }, cause: { kind: 'window' } },
        {
          kind: 'behind',
          base: { document: { x: 1 }, at: at(1) },
          cause: { kind: 'window' },
          kept: { since: 7, events: [event] },
        },
        {
          kind: 'behind',
          base: { document: undefined, at: at(1) },
          cause: { kind: 'parked', eventId: 'e', code: 'C', message: 'm "\\' },
        },
        { kind: 'removed', at: at(2) },
      ];
      const items = states.map((state, index) => {
        const document = state.kind === 'removed' ? {} : { document: { n: index } };
        return { key: `k${index}`, revision: 1 + index, ...document, state };
      });
      await store().writeMany(
        id,
        items.map((item) => write(item)),
      );
      const found = await store().readMany(
        id,
        items.map(({ key }) => key),
      );
      expect(
        [...found.values()].sort((one, other) => one.revision - other.revision).map(canonicalJson),
      ).toEqual(items.map(canonicalJson));
    });

    test('an item without a document is one, and is not counted', async () => {
      const id = await newGeneration(store());
      const behind = {
        key: 'b',
        revision: 1,
        state: { kind: 'behind', base: { document: undefined, at: undefined }, cause: { kind: 'window' } },
      } as const;
      await store().writeMany(id, [write(behind), write(tombstone('t', 1)), write(settled('a', 1))]);
      expect((await store().readMany(id, ['b'])).get('b')).toEqual(behind);
      expect(await store().count(id)).toBe(1);
    });

    test('a write happens only under its condition; the others of its batch are not held up', async () => {
      const id = await newGeneration(store());
      await store().writeMany(id, [write(settled('a', 5)), write(settled('b', 5))]);
      const outcome = await store().writeMany(id, [
        write(settled('a', 7), 6),
        write(settled('b', 6, { new: true }), 5),
        write(settled('c', 2), 1),
        write(settled('d', 1)),
        write(settled('e', 3)),
      ]);
      expect([...outcome.conflicts].sort()).toEqual(['a', 'c']);
      const again = await store().writeMany(id, [write(settled('d', 9))]);
      expect(again).toMatchObject({ conflicts: ['d'] });
      const items = await store().readMany(id, ['a', 'b', 'c', 'd', 'e']);
      expect([...items.values()].map(({ key, revision }) => `${key}${revision}`).sort()).toEqual([
        'a5',
        'b6',
        'd1',
        'e3',
      ]);
    });

    test('a tombstone stays until it is purged by log time', async () => {
      const id = await newGeneration(store());
      await store().writeMany(id, [
        write(settled('a', 1)),
        write(tombstone('b', 2)),
        write(tombstone('c', 3)),
        write(settled('d', 4)),
      ]);
      await expectPurged(store(), id, at(3).logTime, 1);
      expect([...(await store().readMany(id, ['a', 'b', 'c', 'd'])).keys()].sort()).toEqual(['a', 'c', 'd']);
      await expectPurged(store(), id, at(9).logTime, 1);
      expect((await store().writeMany(id, [write(settled('c', 9))])).conflicts).toEqual([]);
      expect((await store().scan(id, { limit: 10 })).items.map(({ key }) => key)).toEqual(['a', 'c', 'd']);
    });

    test('an open item without a document is purged as a tombstone, by its newest event', async () => {
      const id = await newGeneration(store());
      const base = { document: { n: 1 }, at: at(2) };
      const items = [
        open('removed', 1, [1, 2]),
        open('of-base', 1, [], { base: { document: undefined, at: at(2) } }),
        open('of-base-document', 1, [1, 2], { base }),
        open('newer', 1, [1, 3]),
        open('older', 1, [1]),
        open('with-document', 1, [1, 2], { document: { n: 1 } }),
        open('in-doubt', 1, [1, 2], { doubt: 2 }),
        open('of-nothing', 1, []),
        parked('parked', 1),
        troubledItem('behind', 1, 'window'),
      ];
      await store().writeMany(
        id,
        items.map((item) => write(item)),
      );
      const left = async (): Promise<string[]> =>
        (await store().scan(id, { limit: 100 })).items.map(({ key }) => key).sort();
      const stay = ['behind', 'in-doubt', 'of-nothing', 'parked', 'with-document'];
      await expectPurged(store(), id, at(2).logTime, 1);
      await expectPurged(store(), id, at(3).logTime, 3);
      expect(await left()).toEqual([...stay, 'newer'].sort());
      expect(await store().writeMany(id, [write(settled('newer', 2), 1)])).toMatchObject({ conflicts: [] });
      await store().writeMany(id, [write(tombstone('gone', 1))]);
      await expectPurged(store(), id, '2030', 1);
      expect(await left()).toEqual([...stay, 'newer'].sort());
    });

    test('a purged item that was in trouble is not found there', async () => {
      const id = await newGeneration(store());
      await store().writeMany(id, [write(troubledItem('a', 1, 'doubt'))]);
      await store().writeMany(id, [write(open('a', 2, [1]), 1)]);
      await expectPurged(store(), id, '2030', 1);
      await store().writeMany(id, [write(troubledItem('b', 1, 'doubt'))]);
      await expectTroubled(store(), id, 'doubt', ['b']);
      await store().writeMany(id, [write(troubledItem('a', 3, 'doubt'))]);
      await expectTroubled(store(), id, 'doubt', ['a', 'b']);
    });

    test('a re-created item is a document again', async () => {
      const id = await newGeneration(store());
      await store().writeMany(id, [write(tombstone('a', 1))]);
      await store().writeMany(id, [write(settled('a', 2), 1)]);
      await store().writeMany(id, [write(tombstone('b', 1))]);
      await expectPurged(store(), id, at(9).logTime, 1);
      expect((await store().readMany(id, ['a'])).get('a')).toEqual(settled('a', 2));
    });

    test('keys of any text are kept apart', async () => {
      const id = await newGeneration(store());
      const keys = [
        'a',
        'a ',
        'A',
        '\0',
        '\u0001',
        '\u0001\u0002',
        '\ud800',
        '\ud801',
        '\ufffd',
        '😀',
        '"',
        "'",
        '\\',
        '{a,b}',
        'NULL',
        'é',
        'e\u0301',
      ];
      await store().writeMany(
        id,
        keys.map((key) => write(settled(key, 1, { of: keys.indexOf(key) }))),
      );
      const items = await store().readMany(id, keys);
      expect(keys.map((key) => items.get(key)?.document)).toEqual(keys.map((_, of) => ({ of })));
      const scanned = await store().scan(id, { limit: 100 });
      expect(scanned.items.map(({ key }) => key)).toEqual([...keys].sort());
    });

    test('what no store can hold is refused before anything is written', async () => {
      const id = await newGeneration(store());
      const wrong = [
        [write(settled('a', 1)), write(settled('a', 2))],
        [write(settled('b', 1)), write(settled('a', 3), 3)],
        [write(settled('b', 1)), write(settled('', 1))],
        [write(settled('b', 1)), write(settled('k'.repeat(1001), 1))],
        [write(settled('b', 1)), write({ ...tombstone('a', 1), document: {} })],
        [write(settled('b', 1)), write(tombstone('a', 1), undefined, { group: 'g' })],
        [write(settled('b', 1)), write(settled('a', 1), undefined, { group: 'g'.repeat(1001) })],
      ];
      for (const writes of wrong) {
        await expect(store().writeMany(id, writes)).rejects.toMatchObject({ code: 'WRITE_INVALID' });
      }
      expect(await store().count(id)).toBe(0);
    });

    test('the longest key, partition and sort that are allowed fit', async () => {
      const id = await newGeneration(store());
      // Text that does not compress, so that the limit is met and not a lucky encoding.
      const noise = (length: number): string =>
        Array.from({ length }, (_, n) =>
          String.fromCharCode(33 + ((n * n * 31 + n * 17 + (n >> 3)) % 90)),
        ).join('');
      const item = settled(noise(1000), 1);
      expect(
        await store().writeMany(id, [write(item, undefined, { group: noise(1000), sort: noise(499) })]),
      ).toMatchObject({ conflicts: [] });
      expect((await store().readMany(id, [item.key])).get(item.key)).toEqual(item);
    });
  });
}
