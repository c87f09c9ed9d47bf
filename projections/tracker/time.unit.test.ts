import { describe, expect, test } from '@jest/globals';
import type { MergedLog } from 'banyan/events';
import { hookedStore } from '../testing/hooked-store.ts';
import { UnorderedView } from '../testing/unordered-view.ts';

describe('a run whose time is over', () => {
  test('stops between two batches of what it heals, keeps what is done, and goes on from there', async () => {
    const view = await UnorderedView.begin();
    for (let at = 0; at < 60; at += 1) {
      view.append(...Array.from({ length: 20 }, (_, n) => ['Counted', `k${n}`] as const));
      if (at === 40) view.tally();
    }
    view.tally();
    view.now += 60_000;
    const stopping = new AbortController();
    const calls: string[] = [];
    const note = (call: string): void => {
      if (stopping.signal.aborted) calls.push(call);
    };
    const store = hookedStore(view.store, (call, isDone) => {
      if (!isDone) note(call);
      if (call === 'writeMany' && isDone) stopping.abort();
    });
    const { log, reader } = view.log;
    const noted: MergedLog['reader'] = {
      head: () => {
        note('head');
        return reader.head();
      },
      async *read(options) {
        for await (const batch of reader.read(options)) {
          note('read');
          yield batch;
        }
      },
    };
    const tracker = view.tracker({ store, logs: [{ log, reader: noted }] });
    await tracker.run(stopping.signal);
    const receipts = await view.store.receipts(view.generation, { limit: 100 });
    expect(receipts.flatMap(({ places }) => places)).toHaveLength(500);
    // Nothing but how the view stands.
    expect(new Set(calls)).toEqual(new Set(['tracking', 'countTroubled']));
    expect(await tracker.run()).toMatchObject({ unmet: 0, healed: 1200 });
    expect(await view.documents()).toEqual(view.expected);
  });

  test('takes no event for lost whose receipt there was no time to read', async () => {
    const view = await UnorderedView.begin();
    for (let at = 0; at < 5; at += 1) {
      await view.apply(view.append(['Counted', 'a']));
      view.tally();
    }
    view.now += 60_000;
    const stopping = new AbortController();
    const store = hookedStore(view.store, (call, isDone) => {
      if (call === 'receipts' && isDone) stopping.abort();
    });
    const tracker = view.tracker({ store, limits: { pageReceipts: 1 } });
    expect(await tracker.run(stopping.signal)).toMatchObject({
      healed: 0,
      watermark: { 'shop:orders@1': { position: 2 } },
    });
    expect(await tracker.run()).toMatchObject({ healed: 0, unmet: 0 });
  });
});
