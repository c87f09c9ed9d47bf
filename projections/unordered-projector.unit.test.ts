import { afterEach, describe, expect, test } from '@jest/globals';
import type { DomainEvent } from 'banyan/events';
import { BanyanError, createLogger, silentLogger } from 'banyan/runtime';
import { eventually } from '../kit/eventually.ts';
import type { Projector } from './projector.ts';
import { hookedStore, type StoreHook } from './testing/hooked-store.ts';
import { createScriptedBus } from './testing/scripted-bus.ts';
import { shopLog, UnorderedView } from './testing/unordered-view.ts';
import { startUnorderedProjector, type UnorderedProjectorOptions } from './unordered-projector.ts';

const shop = 'shop:orders@1';
const running: Projector[] = [];
afterEach(async () => {
  for (const projector of running.splice(0)) await projector.close();
});

/** A projector on a bus whose deliveries the test decides. */
async function started(
  view: UnorderedView,
  given: Partial<UnorderedProjectorOptions> & { readonly hook?: StoreHook } = {},
) {
  const { hook, ...rest } = given;
  const bus = createScriptedBus();
  const { projection, generation, clock } = view;
  const store = hook ? hookedStore(view.store, hook) : view.store;
  const options = { projection, generation, store, bus, clock, logger: silentLogger, everyMs: 5, ...rest };
  const projector = await startUnorderedProjector(options);
  running.push(projector);
  const hand = (events: readonly DomainEvent[]): Promise<void> => bus.hand({ events, progress: undefined });
  return { projector, bus, hand };
}

/** Something that is let go on later. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('a projector on an unordered bus', () => {
  test('is done with a delivery once it is recorded, and takes what came meanwhile at once', async () => {
    const view = await UnorderedView.begin();
    const { opened, open } = gate();
    let writes = 0;
    const { projector, hand } = await started(view, {
      hook: async (call, isDone) => {
        if (call === 'writeMany' && isDone) await opened;
        if (call === 'writeMany' && !isDone) writes += 1;
      },
    });
    const events = view.append(['Counted', 'a'], ['Counted', 'b'], ['Counted', 'a'], ['Cleared', 'b']);
    const [first, ...others] = events;
    const done: string[] = [];
    const taken = hand([first]).then(() => done.push(first.id));
    await eventually(() => expect(writes).toBe(1));
    const deliveries = others.map((event) => hand([event]).then(() => done.push(event.id)));
    expect(done).toEqual([]);
    expect(projector.status()).toMatchObject({ events: 0, pendingEvents: 4 });
    view.now = Date.parse(first.logTime) + 5000;
    expect(projector.status().lagMs).toBe(5000);
    open();
    await Promise.all([taken, ...deliveries]);
    expect(writes).toBe(2);
    expect(projector.status()).toMatchObject({
      state: { kind: 'running' },
      events: 4,
      duplicates: 0,
      documents: 3,
      commits: 2,
      pendingEvents: 0,
      lagMs: 0,
      lastLogTime: first.logTime,
      progress: {},
    });
    expect(await view.documents()).toEqual(view.expected);
  });

  test('tells where the watermark is, which the tracker moves', async () => {
    const view = await UnorderedView.begin();
    const { projector, hand } = await started(view);
    const told: unknown[] = [];
    projector.onProgress(({ progress }) => told.push(progress));
    const reached = projector.reached({ [shop]: { position: 2 } });
    await hand(view.append(['Counted', 'a']));
    view.tally();
    await view.tracker().run();
    // The clock that it looks at stands still otherwise.
    view.now += 1000;
    await reached;
    expect(projector.status().progress).toEqual({ [shop]: { position: 2 } });
    expect(told.at(-1)).toEqual({ [shop]: { position: 2 } });
    await projector.reached({ [shop]: { position: 2 } });
  });

  test('asks its bus for the events behind the watermark', async () => {
    const floor = { [shop]: { position: 7 } };
    const view = await UnorderedView.begin([shopLog], undefined, { floor });
    const { bus, hand } = await started(view);
    expect(bus.from).toEqual(floor);
    await hand([]);
  });

  test('goes on when the store can be reached again', async () => {
    const view = await UnorderedView.begin();
    let failing = 3;
    const waits: number[] = [];
    const { projector, hand } = await started(view, {
      everyMs: 1e9,
      wait: (milliseconds, signal) => {
        if (milliseconds < 1e9) waits.push(milliseconds);
        return milliseconds < 1e9
          ? Promise.resolve()
          : new Promise((resolve) => {
              signal.addEventListener('abort', () => resolve(), { once: true });
            });
      },
      hook: (call, isDone) => {
        if (call !== 'writeMany' || isDone || failing === 0) return;
        failing -= 1;
        expect(projector.status().state.kind).toBe(failing === 2 ? 'running' : 'retrying');
        throw new BanyanError('VIEW_STORE_UNREACHABLE', 'not there', { retryable: true });
      },
    });
    await hand(view.append(['Counted', 'a']));
    expect(waits).toEqual([100, 200, 400]);
    expect(projector.status().state).toEqual({ kind: 'running' });
    expect(await view.documents()).toEqual(view.expected);
  });

  test('ends where the key of an event cannot be told, and so do all others', async () => {
    const view = await UnorderedView.begin();
    const lines: string[] = [];
    const logger = createLogger({ write: (line) => void lines.push(line) });
    const { projector, hand } = await started(view, { logger });
    const other = await started(view);
    const [bad] = view.append(['Nowhere', 'secret']);
    const waiting = projector.reached({ [shop]: { position: 1 } });
    await expect(hand([bad])).rejects.toMatchObject({ code: 'PROJECTION_FAILED' });
    await expect(waiting).rejects.toMatchObject({ code: 'PROJECTION_FAILED' });
    await expect(projector.ended).rejects.toMatchObject({ code: 'PROJECTION_FAILED' });
    view.now += 1000;
    await expect(other.projector.ended).rejects.toThrow(/is parked at event/);
    expect(other.projector.status().state.kind).toBe('failed');
    await expect(other.hand([bad])).rejects.toMatchObject({ code: 'PROJECTION_FAILED' });
    await expect(projector.reached({ [shop]: { position: 1 } })).rejects.toThrow();
    expect(lines.join('')).toContain(bad.id);
    expect(lines.join('')).not.toContain('secret');
    // A new one finds it before it takes anything.
    const { projector: next } = await started(view);
    await expect(next.ended).rejects.toMatchObject({ code: 'PROJECTION_FAILED' });
  });

  test('ends quietly when its generation is dropped', async () => {
    const view = await UnorderedView.begin();
    const lines: string[] = [];
    const logger = createLogger({ write: (line) => void lines.push(line) });
    const { projector, hand } = await started(view, { logger });
    await view.store.dropGeneration(view.generation);
    await expect(hand(view.append(['Counted', 'a']))).rejects.toMatchObject({ code: 'GENERATION_UNKNOWN' });
    await expect(projector.ended).rejects.toMatchObject({ code: 'GENERATION_UNKNOWN' });
    expect(lines.map((line) => (JSON.parse(line) as { level: number }).level)).toEqual([30]);
  });

  test('ends when its bus breaks', async () => {
    const { projector, bus } = await started(await UnorderedView.begin());
    bus.break(new Error('the bus broke'));
    await expect(projector.ended).rejects.toThrow('the bus broke');
  });

  test('is closed once it is done with its batch; what waits comes again elsewhere', async () => {
    const view = await UnorderedView.begin();
    const { opened, open } = gate();
    const arrived = gate();
    const closing = new AbortController();
    const { projector, hand } = await started(view, {
      signal: closing.signal,
      hook: async (call) => {
        if (call !== 'writeMany') return;
        arrived.open();
        await opened;
      },
    });
    const [first, second] = view.append(['Counted', 'a'], ['Counted', 'a']);
    const done = hand([first]);
    await arrived.opened;
    const waiting = hand([second]);
    const never = projector.reached({ [shop]: { position: 1 } });
    closing.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'PROJECTOR_CLOSED' });
    open();
    await done;
    await expect(never).rejects.toMatchObject({ code: 'PROJECTOR_CLOSED' });
    await projector.ended;
    expect(projector.status().state).toEqual({ kind: 'closed' });
    await expect(hand([second])).rejects.toMatchObject({ code: 'PROJECTOR_CLOSED' });
    await expect(projector.reached({ [shop]: { position: 1 } })).rejects.toMatchObject({
      code: 'PROJECTOR_CLOSED',
    });
    await projector.close();
    const { projector: late } = await started(view, { signal: closing.signal });
    expect(late.status().state).toEqual({ kind: 'closed' });
  });
});
