import { describe, expect, test } from '@jest/globals';
import type { DomainEvent, LogCursor, MergedLog } from 'banyan/events';
import { BanyanError, createLogger } from 'banyan/runtime';
import { skipStuck } from '../parked.ts';
import { hookedStore } from '../testing/hooked-store.ts';
import { crmLog, shopLog, UnorderedView } from '../testing/unordered-view.ts';
import type { ViewStore } from '../view-store.ts';

const shop = 'shop:orders@1';
const crm = 'crm:contacts@1';

const receiptsOf = (view: UnorderedView) => view.store.receipts(view.generation, { limit: 100 });

describe('the watermark', () => {
  test('follows the tallies as far as all of their events have receipts', async () => {
    const view = await UnorderedView.begin();
    const tracker = view.tracker();
    const first = view.append(['Counted', 'a'], ['Unknown', 'a']);
    view.tally();
    const second = view.append(['Counted', 'b']);
    view.tally();
    expect(await tracker.run()).toMatchObject({ watermark: {}, unmet: 2, lagMs: undefined });
    await view.apply(second);
    expect(await tracker.run()).toMatchObject({ watermark: {}, unmet: 1 });
    const { done } = await view.store.tracking(view.generation);
    expect(done).toEqual({ [shop]: [{ from: 3, to: 4 }] });
    expect(await receiptsOf(view)).toEqual([]);
    await view.apply(first);
    view.now = Date.parse('2026-03-01T00:00:09Z');
    expect(await tracker.run()).toMatchObject({
      watermark: { [shop]: { position: 4 } },
      lagMs: 5000,
      unmet: 0,
      healed: 0,
    });
    expect(await view.store.tracking(view.generation)).toMatchObject({
      done: { [shop]: [] },
      logTimes: { [shop]: '2026-03-01T00:00:04.000000Z' },
    });
    expect(await view.store.progress(view.generation)).toEqual({ [shop]: { position: 4 } });
  });

  test('moves in each log for itself, the frontier in all', async () => {
    const view = await UnorderedView.begin([shopLog, crmLog]);
    await view.apply(view.append(['Counted', 'a']));
    view.log.tally(view.now);
    view.appendTo(1, ['Counted', 'a']);
    view.tally();
    const tracker = view.tracker();
    expect(await tracker.run()).toMatchObject({ watermark: { [shop]: { position: 3 } }, lagMs: undefined });
    expect((await view.items()).get('a')?.state).toMatchObject({ kind: 'open' });
    await view.apply(view.history);
    expect(await tracker.run()).toMatchObject({
      watermark: { [shop]: { position: 3 }, [crm]: { position: 4 } },
    });
    expect((await tracker.run()).lagMs).toBeDefined();
  });

  test.each<[string, LogCursor, number]>([
    ['whole transactions', { position: 2 }, 0],
    ['a part of a transaction', { position: 3, index: 0 }, 0],
    ['a part of a transaction, where the first tally begins behind it', { position: 3, index: 0 }, 3],
  ])('begins at a floor of %s, of which no tally knows', async (_, cursor, after) => {
    const view = await UnorderedView.begin([shopLog], undefined, { floor: { [shop]: cursor } });
    for (let at = 0; at < 4; at += 1) view.append(['Counted', 'a'], ['Counted', 'b']);
    view.append();
    view.log.tally(view.now, after);
    // Also those below the floor come once more.
    await view.apply(view.history.slice(0, 7));
    const tracker = view.tracker();
    expect(await tracker.run()).toMatchObject({ watermark: { [shop]: cursor }, unmet: 1 });
    await view.apply(view.history.slice(7));
    expect(await tracker.run()).toMatchObject({ watermark: { [shop]: { position: 5 } } });
    const folded = view.history.filter(
      ({ position, index }) =>
        position > cursor.position || (position === cursor.position && index > (cursor.index ?? 9)),
    );
    const { a, b } = Object.fromEntries(await view.documents());
    expect([a, b]).toMatchObject(
      ['a', 'b'].map((key) => ({
        count: folded.filter(({ data }) => (data['keys'] as string[]).includes(key)).length,
      })),
    );
  });

  test('is counted from the event log before the first tally, in parts, and where there is none', async () => {
    const view = await UnorderedView.begin([shopLog, crmLog]);
    for (let at = 0; at < 6; at += 1) view.append(['Counted', 'a'], ['Counted', 'b']);
    view.appendTo(1, ['Counted', 'c']);
    view.append();
    // A keeper that began late.
    view.log.tally(view.now, 6);
    const tracker = view.tracker({ limits: { splitEvents: 4, events: 6 } });
    await view.apply(view.history.slice(0, 9));
    expect(await tracker.run()).toMatchObject({ watermark: { [shop]: { position: 3 } } });
    await view.apply(view.history.slice(9));
    expect(await tracker.run()).toMatchObject({
      watermark: { [shop]: { position: 8 }, [crm]: { position: 7 } },
      unmet: 0,
    });
  });

  test('is counted from the event log by whole transactions, however many lines they have', async () => {
    const view = await UnorderedView.begin();
    view.log.perLine = 2;
    for (let at = 0; at < 6; at += 1)
      await view.apply(view.append(['Counted', 'a'], ['Counted', 'b'], ['Counted', 'a'], ['Unknown', 'a']));
    const tracker = view.tracker({ limits: { splitEvents: 1 } });
    expect(await tracker.run()).toMatchObject({ watermark: { [shop]: { position: 6 } }, unmet: 0 });
  });

  test('waits for an event log that this reader does not see so far yet', async () => {
    const view = await UnorderedView.begin([shopLog], undefined, {
      floor: { [shop]: { position: 1, index: 0 } },
    });
    await view.apply(view.append(['Counted', 'a'], ['Counted', 'b']));
    view.tally();
    const { log, reader, lines } = view.log;
    const late = { log, reader: { ...reader, head: async () => lines[0] } };
    expect(await view.tracker({ logs: [late] }).run()).toMatchObject({
      watermark: { [shop]: { position: 1, index: 0 } },
    });
    expect(await view.tracker().run()).toMatchObject({ watermark: { [shop]: { position: 2 } } });
  });

  test('is found in small steps, pages and removals too', async () => {
    const view = await UnorderedView.begin([shopLog, crmLog]);
    for (let at = 0; at < 30; at += 1) {
      await view.apply(view.appendTo(at % 2, ['Counted', 'a'], ['Counted', 'b']));
      if (at % 3 === 0) view.tally();
    }
    view.tally();
    const limits = { events: 2, ranges: 1, removed: 1, pageReceipts: 2 };
    const tracker = view.tracker({ limits });
    await tracker.run();
    const [one, two] = view.logs;
    expect(await view.store.progress(view.generation)).toEqual({
      [shop]: { position: one?.end },
      [crm]: { position: two?.end },
    });
    for (let left = (await receiptsOf(view)).length; left > 0; left -= 1) await tracker.run();
    expect(await receiptsOf(view)).toEqual([]);
  });
});

describe('healing', () => {
  test('applies what the bus lost, counts it, says it, and tells it apart from what is late', async () => {
    const lines: string[] = [];
    const logger = createLogger({ write: (line) => void lines.push(line) });
    const view = await UnorderedView.begin();
    const tracker = view.tracker({ logger, healAfterMs: 1000 });
    const [lost, come, late] = view.append(['Counted', 'secret'], ['Counted', 'a'], ['Counted', 'a']);
    view.tally();
    await view.apply([come]);
    view.now += 1000;
    expect(await tracker.run()).toMatchObject({ unmet: 2, healed: 0 });
    view.now += 1;
    expect(await tracker.run()).toMatchObject({
      watermark: { [shop]: { position: 2 } },
      unmet: 0,
      healed: 2,
      late: 0,
    });
    expect(await view.documents()).toEqual(view.expected);
    expect(lines.join('')).toContain(lost.id);
    expect(lines.join('')).not.toContain('secret');
    await view.apply([late]);
    await view.apply([late, come]);
    expect(await tracker.run()).toMatchObject({ healed: 2, late: 1 });
    await view.apply([late]);
    expect(await tracker.run()).toMatchObject({ healed: 2, late: 1 });
    expect(await receiptsOf(view)).toEqual([]);
    expect(await view.documents()).toEqual(view.expected);
  });

  test('of an event that comes meanwhile counts it as late at once', async () => {
    const view = await UnorderedView.begin();
    const events = view.append(['Counted', 'a']);
    view.tally();
    view.now += 100_000;
    let came = false;
    const store = hookedStore(view.store, async (call, isDone) => {
      if (call !== 'writeMany' || !isDone || came) return;
      came = true;
      await view.apply(events);
    });
    expect(await view.tracker({ store }).run()).toMatchObject({ healed: 1, late: 1 });
    expect(await view.documents()).toEqual(view.expected);
  });

  test('sees by the event log that nothing is missing where a tally says otherwise', async () => {
    const view = await UnorderedView.begin();
    await view.apply(view.append(['Counted', 'a'], ['Counted', 'b']));
    view.tally();
    const { tallies } = view.log;
    tallies.push(...tallies.splice(0).map((tally) => ({ ...tally, counts: { Counted: 1 } })));
    const tracker = view.tracker();
    expect(await tracker.run()).toMatchObject({ watermark: {} });
    view.now += 100_000;
    expect(await tracker.run()).toMatchObject({ watermark: { [shop]: { position: 2 } }, healed: 0 });
  });

  test('of many events goes by batches', async () => {
    const view = await UnorderedView.begin();
    for (let at = 0; at < 30; at += 1)
      view.append(...Array.from({ length: 40 }, (_, key) => ['Counted', `k${key}`] as const));
    view.tally();
    view.now += 100_000;
    expect(await view.tracker().run()).toMatchObject({ healed: 1200, behind: 0 });
    expect(await view.documents()).toEqual(view.expected);
  });

  test('of large events goes by their size', async () => {
    const view = await UnorderedView.begin();
    const megabyte = 'x'.repeat(2 ** 20);
    for (let at = 0; at < 9; at += 1) {
      const [made] = view.append(['Counted', `k${at}`]);
      // What the schema does not know is part of the event all the same.
      Object.assign(made.data, { more: megabyte });
    }
    view.tally();
    view.now += 60_000;
    const sizes: number[] = [];
    const logger = createLogger({
      write: (line) => {
        const { events } = JSON.parse(line) as { readonly events?: number };
        if (events !== undefined) sizes.push(events);
      },
    });
    expect((await view.tracker({ logger }).run()).unmet).toBe(0);
    expect(sizes).toEqual([4, 4, 1]);
    expect(await view.documents()).toEqual(view.expected);
  });
});

describe('healing of an event whose item the store refuses', () => {
  test('heals all others, says it, waits before that event, and tries again later', async () => {
    const lines: string[] = [];
    const logger = createLogger({ write: (line) => void lines.push(line) });
    const view = await UnorderedView.begin();
    let isRefusing = true;
    const refused = new BanyanError('DOCUMENT_NOT_STORABLE', 'the item of bad is refused');
    const store: ViewStore = {
      ...view.store,
      writeMany: async (id, writes, receipts) => {
        if (isRefusing && writes.some(({ item }) => item.key === 'bad')) throw refused;
        return view.store.writeMany(id, writes, receipts);
      },
    };
    const tracker = view.tracker({ store, logger, healAfterMs: 1000 });
    view.append(...['a', 'b', 'c'].map((key) => ['Counted', key] as const));
    view.tally();
    const [bad] = view.append(['Counted', 'bad'], ['Counted', 'a']);
    view.append(...['d', 'e'].map((key) => ['Counted', key] as const));
    view.tally();
    view.now += 2000;
    const before = { watermark: { [shop]: { position: 2 } }, healed: 3, unmet: 1 };
    expect(await tracker.run()).toMatchObject(before);
    const others = new Map([...view.expected].filter(([key]) => key !== 'bad'));
    expect(await view.documents()).toEqual(others);
    const said = (): number => lines.filter((line) => line.includes(`event ${bad.id} is not healed`)).length;
    expect(said()).toBe(1);
    // Not with each run: the range would be read from the event log again and again.
    expect(await tracker.run()).toMatchObject(before);
    expect(said()).toBe(1);
    view.now += 1001;
    expect(await tracker.run()).toMatchObject(before);
    expect(said()).toBe(2);
    isRefusing = false;
    view.now += 1001;
    const { end } = view.log;
    expect(await tracker.run()).toMatchObject({
      watermark: { [shop]: { position: end } },
      healed: 7,
      unmet: 0,
    });
    expect(await view.documents()).toEqual(view.expected);
  });
});

describe('a projection that is parked', () => {
  test('is not healed, its watermark moves up to the event, and goes on without it', async () => {
    const view = await UnorderedView.begin();
    const tracker = view.tracker();
    await view.apply(view.append(['Counted', 'a']));
    view.tally();
    const [bad] = view.append(['Nowhere', 'a']);
    view.append(['Counted', 'b']);
    view.tally();
    await expect(view.apply([bad])).rejects.toMatchObject({ code: 'PROJECTION_FAILED' });
    view.now += 100_000;
    expect(await tracker.run()).toMatchObject({
      watermark: { [shop]: { position: 2 } },
      stuck: { eventId: bad.id },
      healed: 0,
    });
    expect(await skipStuck(view.store, view.generation, view.logs, bad.id)).toMatchObject({
      eventId: bad.id,
    });
    // The bus brings it again, and what it held up.
    await view.apply([bad]);
    const status = await tracker.run();
    expect(status).toMatchObject({ watermark: { [shop]: { position: 5 } }, healed: 1 });
    expect(status.stuck).toBeUndefined();
    expect((await view.store.tracking(view.generation)).skipped).toBeUndefined();
    expect(await view.documents()).toEqual(view.expected);
  });

  test('becomes so by healing too', async () => {
    const view = await UnorderedView.begin();
    const [bad] = view.append(['Nowhere', 'a'], ['Counted', 'b']);
    view.tally();
    view.now += 100_000;
    expect(await view.tracker().run()).toMatchObject({ watermark: {}, stuck: { eventId: bad.id } });
    expect(await view.documents()).toEqual(view.expected);
  });
});

describe('items in trouble', () => {
  test('are parked when the watermark passes what nothing has mended', async () => {
    const view = await UnorderedView.begin();
    const tracker = view.tracker();
    const [placed] = view.append(['Counted', 'a']);
    const [needs, poison] = view.append(['Needs', 'a'], ['Poison', 'b']);
    await view.apply([poison, needs]);
    expect(await tracker.run()).toMatchObject({ behind: 2, parked: 0 });
    view.tally();
    await view.apply([placed]);
    expect(await tracker.run()).toMatchObject({ behind: 0, parked: 1 });
    expect(await view.documents()).toEqual(view.expected);
  });

  test('are caught up when their windows have grown too long', async () => {
    const view = await UnorderedView.begin();
    const itemLimits = { windowEvents: 2, windowBytes: 1e6 };
    for (let at = 0; at < 5; at += 1) await view.apply(view.append(['Counted', 'a']), itemLimits);
    expect((await view.items()).get('a')?.state).toMatchObject({ kind: 'behind' });
    expect(await view.tracker({ itemLimits }).run()).toMatchObject({ behind: 0 });
    expect(await view.documents()).toEqual(view.expected);
  });

  test('do not have the log read again and again while another log lags', async () => {
    const view = await UnorderedView.begin([shopLog, crmLog]);
    const itemLimits = { windowEvents: 2, windowBytes: 1e6 };
    for (let at = 0; at < 5; at += 1) await view.apply(view.append(['Counted', 'a']), itemLimits);
    let reads = 0;
    const { log, reader } = view.log;
    const slow: MergedLog = {
      log,
      reader: {
        head: () => reader.head(),
        read: (options) => {
          reads += 1;
          view.now += 1000;
          return reader.read(options);
        },
      },
    };
    view.log.tally(view.now);
    const tracker = view.tracker({ itemLimits, logs: [slow, ...view.logs.slice(1)] });
    await tracker.run();
    const before = reads;
    await tracker.run();
    expect(reads).toBe(before);
    view.now += 100_000;
    await tracker.run();
    expect(reads).toBeGreaterThan(before);
  });

  test('tombstones are purged an hour of log time below the frontier', async () => {
    const view = await UnorderedView.begin();
    await view.apply(view.append(['Counted', 'a']));
    await view.apply(view.append(['Cleared', 'a']));
    view.tally();
    const tracker = view.tracker();
    await tracker.run();
    // A second for each position.
    for (let at = 0; at < 3595; at += 1) view.append();
    view.tally();
    await tracker.run();
    expect((await view.items()).size).toBe(1);
    for (let at = 0; at < 70; at += 1) view.append();
    view.tally();
    await tracker.run();
    expect((await view.items()).size).toBe(0);
  });
});

describe('several trackers', () => {
  /** A history with a loss, something in doubt, and a key whose window is too long. */
  async function troubled(): Promise<{ view: UnorderedView; lost: readonly DomainEvent[] }> {
    const view = await UnorderedView.begin([shopLog, crmLog]);
    const limits = { windowEvents: 2, windowBytes: 1e6 };
    for (let at = 0; at < 5; at += 1) await view.apply(view.append(['Counted', 'a']), limits);
    const lost = [...view.append(['Counted', 'b']), ...view.appendTo(1, ['Counted', 'a'])];
    await view.apply(view.append(['Needs', 'b']));
    view.tally();
    view.now += 100_000;
    return { view, lost };
  }

  async function complete(view: UnorderedView, lost: readonly DomainEvent[]): Promise<void> {
    expect(await view.tracker().run()).toMatchObject({
      healed: lost.length,
      late: 0,
      unmet: 0,
      behind: 0,
      parked: 0,
    });
    expect(await view.documents()).toEqual(view.expected);
    expect(await receiptsOf(view)).toEqual([]);
  }

  test('may run at once, one held up at any call while another does it all', async () => {
    for (let gate = 0, passed = Infinity; gate < passed; gate += 1) {
      const { view, lost } = await troubled();
      passed = 0;
      const store = hookedStore(view.store, async () => {
        passed += 1;
        if (passed - 1 === gate) await view.tracker().run();
      });
      await view.tracker({ store }).run();
      await complete(view, lost);
    }
  });

  test('may die at any call', async () => {
    for (let gate = 0, isOver = false; !isOver; gate += 1) {
      const { view, lost } = await troubled();
      let passed = 0;
      const store = hookedStore(view.store, () => {
        passed += 1;
        if (passed - 1 === gate) throw new Error('killed');
      });
      isOver = await view
        .tracker({ store })
        .run()
        .then(
          () => true,
          () => false,
        );
      await complete(view, lost);
    }
  });
});
