import { describe, expect, test } from '@jest/globals';
import { canonicalJson } from 'banyan/runtime';
import { emptyTracking, type KeptReceipt, type Receipt, type Tracking } from '../tracker/ledger.ts';
import type { AtomicViewStore, GenerationId, ViewStore } from '../view-store.ts';
import { newGeneration, settled, write } from './examples.ts';

const log = 'shop:orders@1';

/** Everything that a tracking can hold. */
const full: Omit<Tracking, 'revision'> = {
  watermark: { [log]: { position: 12 }, 'b:b@2': { position: 9_007_199_254_740_991, index: 4 } },
  logTimes: { [log]: '2026-03-01T00:00:12.000001Z' },
  done: {
    [log]: [
      { from: 14, to: 20 },
      { from: 25, to: 25 },
    ],
  },
  healed: {
    [log]: [
      { position: 3, index: 0 },
      { position: 3, index: 1 },
    ],
  },
  figures: { healed: 7, late: 2 },
  parked: { eventId: `${log}:13:0`, code: 'KEY_INVALID', message: 'text "of" \0 any kind \ud800' },
};

/** A receipt of one event at each of the positions. */
function receipt(positions: readonly number[], given: Partial<Receipt> = {}): Receipt {
  return {
    log,
    places: positions.map((position) => ({ position, index: position % 3 })),
    healed: false,
    ...given,
  };
}

/** Tracking and receipts. */
export function ledgerContract(store: () => ViewStore, another: () => ViewStore): void {
  trackingContract(store, another);
  receiptsContract(store, another);

  test('tracking and receipts of a generation that was dropped are gone, and are not those of the next', async () => {
    const id = await newGeneration(store(), { floor: { [log]: { position: 4 } } });
    await store().addReceipts(id, [receipt([5])]);
    await store().changeTracking(id, 0, full);
    await another().dropGeneration(id);
    const gone = { code: 'GENERATION_UNKNOWN' };
    await expect(store().tracking(id)).rejects.toMatchObject(gone);
    await expect(store().changeTracking(id, 1, full)).rejects.toMatchObject(gone);
    await expect(store().addReceipts(id, [receipt([1])])).rejects.toMatchObject(gone);
    await expect(store().receipts(id, { limit: 1 })).rejects.toMatchObject(gone);
    await expect(store().removeReceipts(id, ['1'])).rejects.toMatchObject(gone);
    await expect(store().troubled(id, 'doubt', { limit: 1 })).rejects.toMatchObject(gone);
    await expect(store().countTroubled(id, 'doubt')).rejects.toMatchObject(gone);
    await store().createGeneration(id);
    expect(await another().tracking(id)).toEqual(emptyTracking(id.floor));
    expect(await another().receipts(id, { limit: 10 })).toEqual([]);
  });
}

function trackingContract(store: () => ViewStore, another: () => ViewStore): void {
  describe('tracking', () => {
    test('begins empty, at the floor', async () => {
      const floor = { [log]: { position: 12, index: 3 } };
      expect(await store().tracking(await newGeneration(store(), { floor }))).toEqual(emptyTracking(floor));
      expect(await store().tracking(await newGeneration(store()))).toEqual(emptyTracking({}));
    });

    test('comes back as it went, and its watermark is the progress', async () => {
      const id = await newGeneration(store());
      expect(await store().changeTracking(id, 0, full)).toBe(true);
      expect(await another().tracking(id)).toEqual({ ...full, revision: 1 });
      expect(await another().progress(id)).toEqual(full.watermark);
      const { parked: _, ...free } = full;
      expect(await another().changeTracking(id, 1, free)).toBe(true);
      expect(await store().tracking(id)).toEqual({ ...free, revision: 2 });
      expect(await store().createGeneration(id)).toEqual(id);
      expect((await store().tracking(id)).revision).toBe(2);
    });

    test('changes only from the expected revision', async () => {
      const id = await newGeneration(store());
      expect(await store().changeTracking(id, 1, full)).toBe(false);
      expect(await store().tracking(id)).toEqual(emptyTracking({}));
      await store().changeTracking(id, 0, full);
      expect(await another().changeTracking(id, 0, { ...full, watermark: {} })).toBe(false);
      expect(await store().tracking(id)).toEqual({ ...full, revision: 1 });
    });

    test('changed by several at once, each change builds on the one before', async () => {
      const id = await newGeneration(store());
      const adding = async (on: ViewStore): Promise<void> => {
        for (;;) {
          const { revision, ...found } = await on.tracking(id);
          const figures = { healed: found.figures.healed + 1, late: revision + 1 };
          if (await on.changeTracking(id, revision, { ...found, figures })) return;
        }
      };
      await Promise.all(Array.from({ length: 12 }, (_, by) => adding(by % 2 ? store() : another())));
      expect(await store().tracking(id)).toMatchObject({ revision: 12, figures: { healed: 12, late: 12 } });
    });
  });
}

function receiptsContract(store: () => ViewStore, another: () => ViewStore): void {
  /** All of them, read in small pages. */
  const all = async (id: GenerationId, limit = 2): Promise<KeptReceipt[]> => {
    const found: KeptReceipt[] = [];
    for (let page = await store().receipts(id, { limit }); page.length > 0;) {
      found.push(...page);
      // A store in memory would go round for ever, and no time limit of a test would end it.
      if (found.length > 5000) throw new Error('the pages do not end');
      page = await store().receipts(id, { limit, after: page.at(-1)?.id ?? '' });
    }
    return found;
  };
  const bare = (receipts: readonly KeptReceipt[]): Receipt[] => receipts.map(({ id: _, ...rest }) => rest);

  describe('receipts', () => {
    test('are kept with writes that all happen, and with none of them when one does not', async () => {
      const id = await newGeneration(store());
      const many = Array.from({ length: 1500 }, (_, at) => write(settled(`k${at}`, 1)));
      expect(await store().writeMany(id, many, [receipt([1]), receipt([2])])).toMatchObject({
        conflicts: [],
      });
      expect(bare(await all(id))).toEqual([receipt([1]), receipt([2])]);
      // The conflict is in the first of several parts, or in the only one.
      const first = write(settled('k0', 2));
      const others = many.slice(1).map(({ item }) => write({ ...item, revision: 2 }, 1));
      for (const writes of [[first, ...others], [first]]) {
        expect(await store().writeMany(id, writes, [receipt([3])])).toMatchObject({ conflicts: ['k0'] });
        expect(bare(await all(id))).toEqual([receipt([1]), receipt([2])]);
      }
      expect(await store().writeMany(id, [], [receipt([4])])).toMatchObject({ conflicts: [] });
      expect(bare(await all(id))).toEqual([receipt([1]), receipt([2]), receipt([4])]);
    });

    test('are kept, oldest first, until they are removed', async () => {
      const id = await newGeneration(store());
      const first = [receipt([3, 1, 2]), receipt([7], { log: 'b:b@2', healed: true }), receipt([])];
      await store().addReceipts(id, first);
      await another().addReceipts(id, [receipt([9_007_199_254_740_991, 1])]);
      const kept = await all(id);
      expect(bare(kept)).toEqual([...first, receipt([9_007_199_254_740_991, 1])]);
      expect(new Set(kept.map((one) => one.id)).size).toBe(4);
      const ids = kept.map((one) => one.id);
      await another().removeReceipts(id, ids.slice(0, 2));
      await store().removeReceipts(id, ids.slice(1, 3));
      expect(await all(id)).toEqual(kept.slice(3));
      await store().removeReceipts(id, []);
      await store().addReceipts(id, []);
      expect(await all(id)).toEqual(kept.slice(3));
    });

    test('said again are kept again, under ids that never come back', async () => {
      const id = await newGeneration(store());
      await store().addReceipts(id, [receipt([1])]);
      const [one] = await all(id);
      await store().removeReceipts(id, [one?.id ?? '']);
      await store().addReceipts(id, [receipt([1])]);
      const [again] = await all(id);
      expect(again).toEqual({ ...one, id: again?.id });
      expect(again?.id).not.toBe(one?.id);
    });

    test('of one generation are none of another', async () => {
      const id = await newGeneration(store());
      const next = await newGeneration(store(), { projection: id.projection, number: 2 });
      await store().addReceipts(id, [receipt([1])]);
      expect(await all(next)).toEqual([]);
      await store().removeReceipts(
        next,
        (await all(id)).map((one) => one.id),
      );
      expect(bare(await all(id))).toEqual([receipt([1])]);
    });

    test('are many, and of many places', async () => {
      const id = await newGeneration(store());
      const places = Array.from({ length: 20_000 }, (_, at) => 1000 + at * 7);
      const many = Array.from({ length: 2500 }, (_, at) => receipt([at + 1]));
      await store().addReceipts(id, [...many, receipt(places)]);
      const kept = await all(id, 1000);
      expect(bare(kept)).toEqual([...many, receipt(places)]);
      await store().removeReceipts(
        id,
        kept.map((one) => one.id),
      );
      expect(await all(id)).toEqual([]);
    });

    test('added by several at once while others are removed, none is lost', async () => {
      const id = await newGeneration(store());
      const adding = async (by: number): Promise<void> => {
        for (let n = 0; n < 10; n += 1)
          await (by % 2 ? store() : another()).addReceipts(id, [receipt([by, n])]);
      };
      const found: Receipt[] = [];
      const taking = async (): Promise<void> => {
        const page = await another().receipts(id, { limit: 7 });
        found.push(...bare(page));
        await another().removeReceipts(
          id,
          page.map((one) => one.id),
        );
      };
      const takingAll = async (times: number): Promise<void> => {
        for (let n = 0; n < times; n += 1) await taking();
      };
      await Promise.all([...Array.from({ length: 6 }, (_, by) => adding(by)), takingAll(10)]);
      while ((await store().receipts(id, { limit: 1 })).length > 0) await taking();
      const expected = Array.from({ length: 60 }, (_, at) => receipt([Math.floor(at / 10), at % 10]));
      expect(found.map(canonicalJson).sort()).toEqual(expected.map(canonicalJson).sort());
    });

    test('no page of them is empty by wish', async () => {
      const id = await newGeneration(store());
      for (const limit of [0, 1001, 1.5]) {
        await expect(store().receipts(id, { limit })).rejects.toMatchObject({ code: 'PAGE_LIMIT_INVALID' });
      }
    });
  });
}

/** A commit of an ordered projector moves the same watermark. */
export function atomicLedgerContract(store: () => AtomicViewStore): void {
  test('a commit moves the watermark, and is seen by who tracks it', async () => {
    const id = await newGeneration(store());
    await store().changeTracking(id, 0, full);
    const next = { ...full.watermark, [log]: { position: 13 } };
    expect(await store().commit(id, { writes: [], expected: full.watermark, next })).toEqual({
      conflicts: [],
    });
    expect(await store().tracking(id)).toEqual({ ...full, watermark: next, revision: 2 });
    // What was tracked before the commit must not put the watermark back.
    expect(await store().changeTracking(id, 1, full)).toBe(false);
    const late = store().commit(id, { writes: [], expected: full.watermark, next: {} });
    await expect(late).rejects.toMatchObject({ code: 'PROGRESS_CONFLICT' });
    expect(await store().progress(id)).toEqual(next);
  });
}
