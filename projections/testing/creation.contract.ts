import { describe, expect, test } from '@jest/globals';
import type { Progress } from 'banyan/events';
import { emptyTracking } from '../tracker/ledger.ts';
import type { AtomicViewStore, GenerationId, ItemWrite, ViewStore } from '../view-store.ts';
import { expectPurged } from './by-index.ts';
import { newGeneration, settled, tombstone, write } from './examples.ts';

const [log, other] = ['shop:orders@1', 'shop:customers@2'];

/** A write of a new item that says what it is made of. */
function creating(key: string, madeOf: Progress): ItemWrite {
  return { ...write(settled(key, 1)), madeOf };
}

const cases: readonly [string, Progress, Progress, boolean][] = [
  ['behind', { [log]: { position: 5 } }, { [log]: { position: 6, index: 0 } }, false],
  ['at', { [log]: { position: 5 } }, { [log]: { position: 5, index: 3 } }, true],
  ['at, of a whole transaction', { [log]: { position: 5 } }, { [log]: { position: 5 } }, true],
  ['far before', { [log]: { position: 5 } }, { [log]: { position: 1, index: 0 } }, true],
  [
    'within the transaction before',
    { [log]: { position: 5, index: 2 } },
    { [log]: { position: 5, index: 2 } },
    true,
  ],
  [
    'within the transaction behind',
    { [log]: { position: 5, index: 2 } },
    { [log]: { position: 5, index: 3 } },
    false,
  ],
  ['of a log that was not read', { [other]: { position: 50 } }, { [log]: { position: 1, index: 0 } }, false],
  ['of no log', { [log]: { position: 5 } }, {}, false],
  [
    'of two logs, one before',
    { [log]: { position: 5 }, [other]: { position: 9 } },
    { [log]: { position: 6, index: 0 }, [other]: { position: 9, index: 0 } },
    true,
  ],
  [
    'of two logs, both behind',
    { [log]: { position: 5 }, [other]: { position: 9 } },
    { [log]: { position: 6, index: 0 }, [other]: { position: 10, index: 0 } },
    false,
  ],
  [
    'far behind in numbers, not in text',
    { [log]: { position: 9 } },
    { [log]: { position: 10, index: 0 } },
    false,
  ],
];

/** A late process must not make again what was removed, its tombstone purged. */
export function creationContract(store: () => ViewStore, another: () => ViewStore): void {
  const moveTo = async (id: GenerationId, watermark: Progress): Promise<void> => {
    const { revision, ...tracking } = await store().tracking(id);
    expect(await store().changeTracking(id, revision, { ...tracking, watermark })).toBe(true);
  };

  describe('an item that is created', () => {
    test.each(cases)('from an event %s the watermark', async (_, watermark, madeOf, isCovered) => {
      const id = await newGeneration(store());
      await moveTo(id, watermark);
      const writes = [creating('a', madeOf), write(settled('b', 1))];
      expect(await another().writeMany(id, writes)).toMatchObject({ conflicts: isCovered ? ['a'] : [] });
      expect([...(await store().readMany(id, ['a', 'b'])).keys()].sort()).toEqual(
        isCovered ? ['b'] : ['a', 'b'],
      );
    });

    test('is held up by the floor of its generation too, and not by that of another', async () => {
      const id = await newGeneration(store(), { floor: { [log]: { position: 7 } } });
      const next = await newGeneration(store(), { projection: id.projection, number: 2 });
      const writes = [creating('a', { [log]: { position: 7, index: 0 } })];
      expect(await store().writeMany(id, writes)).toMatchObject({ conflicts: ['a'] });
      expect(await store().writeMany(next, writes)).toMatchObject({ conflicts: [] });
    });

    test('is not asked again once it is there', async () => {
      const id = await newGeneration(store());
      const madeOf = { [log]: { position: 3, index: 0 } };
      await store().writeMany(id, [creating('a', madeOf)]);
      await moveTo(id, { [log]: { position: 8 } });
      expect(await store().writeMany(id, [{ ...write(settled('a', 2), 1), madeOf }])).toMatchObject({
        conflicts: [],
      });
    });

    test('stays away once its tombstone was purged', async () => {
      const id = await newGeneration(store());
      const late = creating('a', { [log]: { position: 1, index: 0 } });
      await store().writeMany(id, [write(tombstone('a', 2))]);
      await moveTo(id, { [log]: { position: 2 } });
      await expectPurged(store(), id, '2030', 1);
      expect(await another().writeMany(id, [late])).toMatchObject({ conflicts: ['a'] });
      expect((await store().scan(id, { limit: 1 })).items).toEqual([]);
    });

    test('is there when the watermark moved afterwards, and only then', async () => {
      const id = await newGeneration(store());
      for (let position = 1; position <= 15; position += 1) {
        const write = creating(`k${position}`, { [log]: { position, index: 0 } });
        let isMoved = false;
        const [{ conflicts }] = await Promise.all([
          another()
            .writeMany(id, [write])
            .then((outcome) => ({ ...outcome, isMoved })),
          moveTo(id, { [log]: { position } }).then(() => (isMoved = true)),
        ]);
        const found = await store().readMany(id, [write.item.key]);
        expect([...found.keys()]).toEqual(conflicts.length === 0 ? [write.item.key] : []);
        expect(await another().writeMany(id, [write])).toMatchObject({ conflicts: [write.item.key] });
      }
    });
  });
}

/** The same of a commit. */
export function atomicCreationContract(store: () => AtomicViewStore): void {
  test('a commit that creates an item of events before the watermark writes nothing', async () => {
    const floor = { [log]: { position: 5 } };
    const id = await newGeneration(store(), { floor });
    const [before, behind] = [5, 6].map((position) =>
      creating(`k${position}`, { [log]: { position, index: 0 } }),
    );
    if (!before || !behind) throw new Error('there are two');
    const next = { [log]: { position: 6 } };
    expect(await store().commit(id, { writes: [before, behind], expected: floor, next })).toEqual({
      conflicts: ['k5'],
    });
    expect(await store().tracking(id)).toEqual(emptyTracking(floor));
    expect(await store().count(id)).toBe(0);
    expect(await store().commit(id, { writes: [behind], expected: floor, next })).toEqual({ conflicts: [] });
    expect(await store().count(id)).toBe(1);
  });

  test('a commit of thousands of new items is not held up by the watermark that it moves', async () => {
    const id = await newGeneration(store());
    const writes = Array.from({ length: 2500 }, (_, n) =>
      creating(`k${n}`, { [log]: { position: n + 1, index: 0 } }),
    );
    const next = { [log]: { position: 2500 } };
    expect(await store().commit(id, { writes, expected: {}, next })).toEqual({ conflicts: [] });
    expect(await store().count(id)).toBe(2500);
  });
}
