import { describe, expect, test } from '@jest/globals';
import { applyPart, applyUnordered } from './apply-unordered.ts';
import type { Pause } from './pause.ts';
import { hookedStore } from './testing/hooked-store.ts';
import { crmLog, shopLog, UnorderedView } from './testing/unordered-view.ts';
import type { ViewStore } from './view-store.ts';

const log = 'shop:orders@1';

/** Lets the watermark pass all that came and was applied, then purges. */
async function passed(view: UnorderedView): Promise<void> {
  view.tally();
  await view.tracker({ purgeAfterMs: 0 }).run();
}

describe('events in any order', () => {
  test('are applied by one read and one write, which keeps the receipt, whatever they are', async () => {
    const view = await UnorderedView.begin();
    const calls: string[] = [];
    const store = hookedStore(view.store, (call, isDone) => {
      if (isDone) calls.push(call);
    });
    const one = view.append(['Counted', 'a', 'b'], ['Counted', 'a']);
    const two = view.append(['Cleared', 'b'], ['Counted', 'c']);
    const applied = await applyUnordered(view.target({ store }), [...two, ...one, ...one]);
    expect(applied).toMatchObject({ events: 4, duplicates: 2, documents: 3, conflicts: 0 });
    expect(applied.last?.id).toBe(two[1].id);
    expect(calls).toEqual(['tracking', 'readMany', 'writeMany']);
    expect(await view.documents()).toEqual(view.expected);
  });

  test('are receipted each once, also those that were dropped or concern no key; others are not', async () => {
    const view = await UnorderedView.begin();
    const events = view.append(['Counted', 'a'], ['Counted'], ['Unknown', 'a']);
    view.tally();
    await view.apply(events);
    await view.tracker().run();
    const foreign = { ...events[0], source: 'elsewhere', id: 'elsewhere:orders@1:1:0' };
    await view.apply([...events, ...events, foreign]);
    const places = [
      { position: 1, index: 0 },
      { position: 1, index: 1 },
    ];
    const [receipt, ...more] = await view.store.receipts(view.generation, { limit: 10 });
    expect(receipt).toMatchObject({ log, places, healed: false });
    expect(more).toEqual([]);
    expect((await view.items()).get('a')?.document).toMatchObject({ count: 1 });
  });

  test('an event whose key cannot be told parks the projection; all else of the batch is done', async () => {
    const view = await UnorderedView.begin();
    const [good, bad, other] = view.append(['Counted', 'a'], ['Nowhere', 'a'], ['Counted', 'b']);
    const target = view.target();
    await expect(applyUnordered(target, [good, bad, other])).rejects.toMatchObject({
      code: 'PROJECTION_FAILED',
      details: { eventId: bad.id, failure: 'KEY_INVALID' },
    });
    expect(await view.documents()).toEqual(view.expected);
    const { parked } = await view.store.tracking(view.generation);
    expect(parked).toMatchObject({ eventId: bad.id, code: 'KEY_INVALID' });
    const receipts = await view.store.receipts(view.generation, { limit: 10 });
    expect(receipts.map(({ places }) => places.map(({ index }) => index))).toEqual([[0, 2]]);
    // Another instance sees it, at its first batch or after a while.
    await expect(view.apply([good])).rejects.toMatchObject({ code: 'PROJECTION_FAILED' });
    view.now += 1000;
    await expect(applyUnordered(target, [good])).rejects.toThrow(/is parked at event/);
  });

  test('items that another writer changes all the time are told; what is done of the batch is recorded', async () => {
    const view = await UnorderedView.begin();
    const mine = view.append(['Counted', 'a'], ['Counted', 'b'], ['Counted', 'a', 'c']);
    const store = hookedStore(view.store, async (call, isDone) => {
      if (call === 'writeMany' && !isDone) await view.apply(view.append(['Counted', 'a']));
    });
    const pauses: number[] = [];
    const pause: Pause = async (milliseconds) => void pauses.push(milliseconds);
    await expect(applyUnordered(view.target({ store, pause }), mine)).rejects.toMatchObject({
      code: 'ITEMS_CONTESTED',
      retryable: true,
      details: { keys: ['a'] },
    });
    expect(pauses.length).toBeGreaterThan(10);
    // By chance, in longer and longer times: half of the last ones are long, all but surely.
    expect(Math.max(...pauses.slice(0, 3))).toBeLessThanOrEqual(40);
    expect(Math.max(...pauses.slice(-20))).toBeGreaterThan(40);
    const receipts = await view.store.receipts(view.generation, { limit: 100 });
    const places = receipts.flatMap((one) => one.places).filter(({ position }) => position === 1);
    expect(places).toEqual([{ position: 1, index: 1 }]);
    await view.apply(mine);
    expect(await view.documents()).toEqual(view.expected);
  });

  test('no one waits for others when the time is over: what is done is told apart from what is left', async () => {
    const view = await UnorderedView.begin();
    const mine = view.append(['Counted', 'a'], ['Counted', 'b'], ['Counted', 'c']);
    const stopping = new AbortController();
    const store = hookedStore(view.store, async (call, isDone) => {
      if (call === 'writeMany' && !isDone) await view.apply(view.append(['Counted', 'a']));
      stopping.abort();
    });
    const pieces = { keys: 2, bytes: 1e6 };
    const { signal } = stopping;
    const applied = await applyPart(view.target({ store }), mine, { signal, pieces });
    expect(applied).toMatchObject({ contested: [], documents: 0, events: 0 });
    expect(applied.left).toEqual(mine);
    const half = view.append(['Counted', 'a'], ['Counted', 'b'], ['Counted', 'c']);
    const busy = new AbortController();
    let tries = 0;
    const target = view.target({
      store: hookedStore(view.store, async (call, isDone) => {
        if (call !== 'writeMany' || isDone) return;
        tries += 1;
        await view.apply(view.append(['Counted', 'a']));
      }),
      pause: async () => busy.abort(),
    });
    const second = await applyPart(target, half, { signal: busy.signal, pieces });
    expect(second).toMatchObject({ contested: ['a'], documents: 1, events: 1 });
    expect(second.left).toEqual([half[0], half[2]]);
    expect(tries).toBe(1);
    await view.apply([...mine, ...half]);
    expect(await view.documents()).toEqual(view.expected);
  });

  test('an event of very many keys is applied some at a time, and recorded once', async () => {
    const view = await UnorderedView.begin();
    const many = Array.from({ length: 2500 }, (_, at) => `k${at}`);
    const events = view.append(['Counted', 'a'], ['Counted', ...many], ['Counted', 'k7', 'a']);
    const read: number[] = [];
    const store: ViewStore = {
      ...view.store,
      readMany: (id, keys) => {
        read.push(keys.length);
        return view.store.readMany(id, keys);
      },
    };
    const applied = await applyUnordered(view.target({ store }), events);
    expect(applied).toMatchObject({ events: 3, documents: 2503, conflicts: 0 });
    expect(Math.max(...read)).toBeLessThanOrEqual(1000);
    expect(await view.documents()).toEqual(view.expected);
    const receipts = await view.store.receipts(view.generation, { limit: 100 });
    expect(receipts.flatMap(({ places }) => places.map(({ index }) => index))).toEqual([0, 1, 2]);
  });
});

describe('what was purged does not come back', () => {
  test('by a repeated event, on a key that was used again', async () => {
    const view = await UnorderedView.begin();
    // Processes that looked at the tracking long ago.
    const late = view.target({ everyMs: 1e9 });
    await late.tracking.recent();
    const [first] = view.append(['Counted', 'a']);
    await view.apply([first]);
    await view.apply(view.append(['Cleared', 'a']));
    await passed(view);
    expect((await view.items()).size).toBe(0);
    await applyUnordered(late, view.append(['Counted', 'a']));
    await applyUnordered(late, [first]);
    expect(await view.documents()).toEqual(view.expected);
  });

  test('by a process that slept between its read and its write', async () => {
    const view = await UnorderedView.begin();
    const [first] = view.append(['Counted', 'a']);
    const [second] = view.append(['Cleared', 'a']);
    let slept = false;
    const store = hookedStore(view.store, async (call, isDone) => {
      if (call !== 'writeMany' || isDone || slept) return;
      slept = true;
      await view.apply([first, second]);
      await passed(view);
      expect((await view.items()).size).toBe(0);
    });
    const applied = await applyUnordered(view.target({ store }), [first]);
    expect(applied).toMatchObject({ documents: 0, conflicts: 1 });
    expect((await view.items()).size).toBe(0);
  });

  test('by a process that slept over it with an event of its own that is new', async () => {
    const view = await UnorderedView.begin([shopLog, crmLog]);
    const [first] = view.append(['Counted', 'a']);
    const [second] = view.append(['Cleared', 'a']);
    view.tally();
    const [third] = view.appendTo(1, ['Counted', 'a']);
    let slept = false;
    const store = hookedStore(view.store, async (call, isDone) => {
      if (call !== 'writeMany' || isDone || slept) return;
      slept = true;
      await view.apply([second, first]);
      await view.tracker({ purgeAfterMs: 0 }).run();
      expect((await view.items()).size).toBe(0);
    });
    expect(await applyUnordered(view.target({ store }), [first, third])).toMatchObject({ conflicts: 1 });
    await passed(view);
    expect(await view.documents()).toEqual(view.expected);
  });
});
