import { describe, expect, test } from '@jest/globals';
import type { DomainEvent, MergedLog } from 'banyan/events';
import { historyReader } from '../../events/testing/history-reader.ts';
import { applyUnordered } from '../apply-unordered.ts';
import type { ConvergeLimits } from '../converge/limits.ts';
import { hookedStore } from '../testing/hooked-store.ts';
import { crmLog, shopLog, UnorderedView, type Said } from '../testing/unordered-view.ts';
import type { ViewStore } from '../view-store.ts';
import { catchUp, type CaughtUp } from './catch-up.ts';

const few: ConvergeLimits = { windowEvents: 2, windowBytes: 1e6 };
const many: ConvergeLimits = { windowEvents: 100, windowBytes: 1e6 };

/** As a tracker does it. */
function caughtUp(
  view: UnorderedView,
  given: Partial<Parameters<typeof catchUp>[0]> = {},
): Promise<CaughtUp> {
  const { projection, generation, store, logs } = view;
  return catchUp({ projection, generation, store, logs, keys: ['a', 'b'], limits: many, ...given });
}

/** A key whose window has grown too long. */
async function behind(refs = [shopLog], said: readonly Said[] = [['Counted', 'a']]): Promise<UnorderedView> {
  const view = await UnorderedView.begin(refs);
  for (let at = 0; at < 3; at += 1) await view.apply(view.append(...said), few);
  await view.apply(view.append(['Counted', 'a']), few);
  expect((await view.items()).get('a')?.state).toMatchObject({ kind: 'behind', cause: { kind: 'window' } });
  return view;
}

async function stateOf(view: UnorderedView, key = 'a') {
  return (await view.items()).get(key)?.state;
}

describe('a catch-up', () => {
  test('brings keys that are behind to the end of the log, and leaves others alone', async () => {
    const view = await behind(
      [shopLog],
      [
        ['Counted', 'a'],
        ['Counted', 'b', 'c'],
      ],
    );
    const before = (await view.items()).get('c');
    expect(await caughtUp(view, { keys: ['a', 'b', 'x'] })).toEqual({
      caughtUp: ['a', 'b'],
      parked: [],
      left: [],
    });
    expect(await stateOf(view)).toMatchObject({ kind: 'settled', at: { position: 4 } });
    expect((await view.items()).get('c')).toEqual(before);
    expect(await caughtUp(view, { keys: ['c'] })).toEqual({ caughtUp: ['c'], parked: [], left: [] });
    expect(await view.documents()).toEqual(view.expected);
    expect(await caughtUp(view)).toEqual({ caughtUp: [], parked: [], left: [] });
  });

  test('leaves keys alone while the log looks shorter than what the view has had', async () => {
    const view = await behind();
    const { revision, ...tracking } = await view.store.tracking(view.generation);
    const watermark = { 'shop:orders@1': { position: 4 } };
    await view.store.changeTracking(view.generation, revision, { ...tracking, watermark });
    const short = { log: shopLog, reader: historyReader(view.log, 3, 1) };
    const came = await caughtUp(view, { logs: [short] });
    expect(came).toEqual({ caughtUp: [], parked: [], left: ['a'] });
    expect(await caughtUp(view)).toMatchObject({ caughtUp: ['a'] });
    expect(await view.documents()).toEqual(view.expected);
  });

  test('leaves keys alone when the log becomes shorter while it is read: an older copy of it', async () => {
    const view = await behind();
    let asked = 0;
    const reader = (): MergedLog['reader'] => historyReader(view.log, 3, asked > 1 ? 3 : undefined);
    const older: MergedLog = {
      log: shopLog,
      reader: { head: () => ((asked += 1), reader().head()), read: (options) => reader().read(options) },
    };
    const came = await caughtUp(view, { logs: [older] });
    expect(came).toEqual({ caughtUp: [], parked: [], left: ['a'] });
    expect(await caughtUp(view)).toMatchObject({ caughtUp: ['a'] });
    expect(await view.documents()).toEqual(view.expected);
  });

  test('leaves a tombstone where the last event removed the document', async () => {
    const view = await behind();
    view.append(['Cleared', 'a']);
    await caughtUp(view);
    expect(await stateOf(view)).toMatchObject({ kind: 'removed', at: { position: 5 } });
  });

  test('keeps what other logs may still overtake in the window', async () => {
    const view = await behind([shopLog, crmLog]);
    view.appendTo(1, ['Counted', 'a']);
    view.append(['Counted', 'a']);
    await caughtUp(view);
    expect(await stateOf(view)).toMatchObject({
      kind: 'open',
      base: { at: { position: 5 } },
      window: [{ position: 6 }],
    });
    expect(await view.documents()).toEqual(view.expected);
    // An event of the log that lags comes in between.
    view.append(['Counted', 'a']);
    await view.apply(view.history.slice(-1));
    expect(await view.documents()).toEqual(view.expected);
  });

  test('leaves a key for the next time that has more than an item holds while a log lags', async () => {
    const view = await behind([shopLog, crmLog]);
    expect(await caughtUp(view, { limits: few })).toEqual({ caughtUp: [], parked: [], left: ['a'] });
    const item = (await view.items()).get('a');
    expect(await caughtUp(view, { limits: few })).toMatchObject({ left: ['a'] });
    // Nothing is written where nothing has moved.
    expect((await view.items()).get('a')).toEqual(item);
    view.appendTo(1);
    view.append(['Counted', 'a']);
    expect(await caughtUp(view, { limits: few })).toMatchObject({ caughtUp: ['a'] });
    expect(await view.documents()).toEqual(view.expected);
  });

  test('parks a key at an event that cannot be applied, its document being the one before', async () => {
    const view = await behind();
    const documents = view.expected;
    const [poison] = view.append(['Poison', 'a']);
    view.append(['Counted', 'a']);
    expect(await caughtUp(view)).toEqual({ caughtUp: [], parked: ['a'], left: [] });
    expect(await stateOf(view)).toMatchObject({
      kind: 'behind',
      base: { at: { position: 4 } },
      cause: { kind: 'parked', eventId: poison.id, code: 'HANDLER_THREW' },
    });
    expect(await view.documents()).toEqual(documents);
    const skip = new Set([poison.id]);
    expect(await caughtUp(view, { skip })).toMatchObject({ caughtUp: ['a'] });
    expect(await view.documents()).toEqual(view.expected);
  });

  test('is conclusive where all of its events were left out', async () => {
    const view = await UnorderedView.begin();
    const [poison] = view.append(['Poison', 'a']);
    await view.apply([poison]);
    view.tally();
    await view.tracker().run();
    expect(await stateOf(view)).toMatchObject({ kind: 'behind', cause: { kind: 'parked' } });
    expect(await caughtUp(view, { skip: new Set([poison.id]) })).toMatchObject({ caughtUp: ['a'] });
    expect(await stateOf(view)).toMatchObject({ kind: 'removed', at: { position: 1 } });
    await view.apply([poison]);
    expect(await stateOf(view)).toMatchObject({ kind: 'removed' });
  });
});

/** A catch-up of one key makes five calls, each with a gate before it and one behind; disturbed it makes two more. */
const undisturbed = 10;
const gates = 16;

/** A store that waits at a gate until it is let through. */
function heldAt(store: ViewStore, gate: number) {
  let passed = 0;
  let letThrough = (): void => undefined;
  const open = new Promise<void>((resolve) => (letThrough = resolve));
  let tellArrived = (): void => undefined;
  const arrived = new Promise<void>((resolve) => (tellArrived = resolve));
  const held = hookedStore(store, async () => {
    passed += 1;
    if (passed - 1 !== gate) return;
    tellArrived();
    await open;
  });
  return { held, arrived, letThrough, passed: () => passed };
}

describe('no event is lost between a catch-up and a delivery', () => {
  // The event comes when the catch-up is at one gate; the projector is held up at one of its own until the catch-up is
  // at a later one.
  const pairs = Array.from({ length: gates }, (_, from) =>
    Array.from({ length: gates - from }, (__, later) => [from, from + later] as const),
  ).flat();

  test.each([
    ['of one log', [shopLog]],
    ['of two logs, one of which lags', [shopLog, crmLog]],
  ] as const)('%s, wherever the two are', async (_, refs) => {
    const seen = new Set<number>();
    for (const [from, to] of pairs) {
      for (let own = 0; own < 8; own += 1) seen.add(await interleaved(refs, from, to, own));
    }
    expect(Math.max(...seen)).toBe(gates);
  });

  async function interleaved(
    refs: readonly (typeof shopLog)[],
    from: number,
    to: number,
    own: number,
  ): Promise<number> {
    const view = await behind([...refs]);
    const { held, arrived, letThrough } = heldAt(view.store, own);
    let applied: Promise<unknown> | undefined;
    let passed = 0;
    const store = hookedStore(view.store, async () => {
      passed += 1;
      if (passed - 1 === from) {
        const events: readonly DomainEvent[] = view.append(['Counted', 'a'], ['Cleared', 'x']);
        applied = applyUnordered(view.target({ store: held }), events);
        await Promise.race([arrived, applied]);
      }
      if (passed - 1 === to) {
        letThrough();
        await applied;
      }
    });
    await caughtUp(view, { store });
    letThrough();
    await applied;
    // Whatever it left, the next one ends.
    view.appendTo(refs.length - 1);
    await caughtUp(view);
    expect([from, to, own, await view.documents()]).toEqual([from, to, own, view.expected]);
    expect((await stateOf(view))?.kind).not.toBe('behind');
    return passed;
  }

  test('when the catch-up dies at any call, and another one goes on', async () => {
    for (let gate = 0; gate < undisturbed; gate += 1) {
      const view = await behind();
      let passed = 0;
      const store = hookedStore(view.store, () => {
        passed += 1;
        if (passed - 1 === gate) throw new Error('killed');
      });
      await expect(caughtUp(view, { store })).rejects.toThrow('killed');
      await view.apply(view.append(['Counted', 'a']));
      await caughtUp(view);
      expect(await view.documents()).toEqual(view.expected);
    }
  });

  test('when more comes than an item keeps, and another catch-up asks it to keep what comes', async () => {
    const view = await behind();
    const limits = { windowEvents: 3, windowBytes: 1e6 };
    let passed = 0;
    const store = hookedStore(view.store, async () => {
      passed += 1;
      // Behind the hand-over of the first one: four events, then another catch-up, held up behind its own.
      if (passed !== 6) return;
      for (let at = 0; at < 4; at += 1) await view.apply(view.append(['Counted', 'a']), limits);
      let others = 0;
      const other = hookedStore(view.store, () => {
        others += 1;
        if (others === 6) throw new Error('killed');
      });
      await expect(caughtUp(view, { store: other, limits })).rejects.toThrow('killed');
    });
    expect(await caughtUp(view, { store, limits })).toMatchObject({ left: ['a'] });
    await caughtUp(view, { limits });
    expect(await view.documents()).toEqual(view.expected);
  });
});
