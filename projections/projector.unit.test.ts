import { describe, expect, test } from '@jest/globals';
import { event } from 'banyan/events';
import { BanyanError } from 'banyan/runtime';
import { z } from 'zod';
import { eventually } from '../kit/eventually.ts';
import { createMemoryViewStore } from './memory-view-store.ts';
import { skipStuck } from './parked.ts';
import { projection } from './projection.ts';
import { startProjector } from './projector.ts';
import { counters, exampleEvent, exampleHistory, expectedCounters } from './testing/counters.ts';
import { at, newGeneration, settled } from './testing/examples.ts';
import { closedAfterwards, documents, end, log, started } from './testing/started.ts';

const history = exampleHistory(7, 500, 12);

describe('a projector', () => {
  test.each([1, 7, 100, 500])(
    'makes the documents that the fold makes, in deliveries of %i',
    async (perDelivery) => {
      const { store, bus, generation, projector } = await started();
      await bus.deliver(history, perDelivery);
      await projector.reached(end(history));
      expect(await documents(store, generation)).toEqual(expectedCounters(history));
      expect(await store.progress(generation)).toEqual(end(history));
      expect(projector.status()).toMatchObject({
        state: { kind: 'running' },
        events: 500,
        duplicates: 0,
        pendingEvents: 0,
        lagMs: 0,
        lastLogTime: at(500).logTime,
        progress: end(history),
      });
    },
  );

  test('gathers deliveries while a commit runs', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const commits: number[] = [];
    const { bus, projector } = await started({
      limits: { events: 20, deliveries: 100 },
      wrap: (store) => ({
        ...store,
        commit: async (id, batch) => {
          commits.push(batch.writes.length);
          if (commits.length === 1) await gate;
          return store.commit(id, batch);
        },
      }),
    });
    const first = history.slice(0, 19);
    await bus.deliver(first, 1);
    expect(projector.status().pendingEvents).toBe(19);
    expect(projector.status().lagMs).toBeGreaterThan(0);
    release();
    await projector.reached(end(first));
    expect(projector.status()).toMatchObject({ commits: 2, events: 19 });
  });

  test('goes on where the view is, and applies nothing twice', async () => {
    const { store, bus, generation, projector, options } = await started();
    await bus.deliver(history.slice(0, 200));
    await projector.reached(end(history.slice(0, 200)));
    await projector.close();
    const again = closedAfterwards(await startProjector(options));
    expect(bus.from).toEqual(end(history.slice(0, 200)));
    // A bus delivers at least once: all of it once more.
    await bus.hand({ events: history, progress: end(history) });
    await again.reached(end(history));
    expect(again.status()).toMatchObject({ events: 300, duplicates: 200 });
    expect(await documents(store, generation)).toEqual(expectedCounters(history));
  });

  test('purges tombstones an hour of log time behind, and those of the last hour not', async () => {
    const { store, bus, generation, projector } = await started();
    const hour = 3_600_000;
    const later = (milliseconds: number): string =>
      new Date(Date.parse(at(1).logTime) + milliseconds).toISOString().replace('Z', '000Z');
    const removal = (position: number, logTime: string, key: string) => [
      { ...exampleEvent(position, 'Counted', { keys: [key] }), logTime },
      { ...exampleEvent(position + 1, 'Cleared', { keys: [key] }), logTime },
    ];
    const events = [...removal(1, later(0), 'old'), ...removal(3, later(hour), 'new')];
    const last = { ...exampleEvent(5, 'Counted', { keys: ['a'] }), logTime: later(hour + 120_000) };
    // Within a batch nothing would be left of what comes and goes.
    for (const one of [...events, last]) {
      await bus.deliver([one]);
      await projector.reached(end([one]));
    }
    await eventually(async () => {
      const { items } = await store.scan(generation, { limit: 10 });
      expect(items.map(({ key }) => key)).toEqual(['a', 'new']);
    });
  });

  test('keeps progress without events', async () => {
    const { store, bus, generation, projector } = await started();
    await bus.hand({ events: [], progress: { [log]: { position: 9 } } });
    await projector.reached({ [log]: { position: 9 } });
    expect(await store.progress(generation)).toEqual({ [log]: { position: 9 } });
  });

  test('reads once and writes once for many events of a key', async () => {
    const calls: string[] = [];
    const { bus, projector } = await started({
      wrap: (store) => ({
        ...store,
        readMany: (id, keys) => {
          calls.push(`read ${keys.length}`);
          return store.readMany(id, keys);
        },
        commit: (id, batch) => {
          calls.push(`write ${batch.writes.length}`);
          return store.commit(id, batch);
        },
      }),
    });
    const events = Array.from({ length: 50 }, (_, n) =>
      exampleEvent(n + 1, 'Counted', { keys: ['a', 'b', 'a'] }),
    );
    await bus.deliver(events, 50);
    await projector.reached(end(events));
    expect(calls).toEqual(['read 2', 'write 2']);
  });

  test('tells its listeners, and those who wait for it when it is closed', async () => {
    const { bus, projector } = await started();
    const seen: number[] = [];
    const listening = projector.onProgress(({ events }) => seen.push(events));
    await bus.deliver(history.slice(0, 10));
    await projector.reached(end(history.slice(0, 10)));
    listening.close();
    await bus.deliver(history.slice(0, 20));
    await projector.reached(end(history.slice(0, 20)));
    expect(seen).toEqual([10]);
    const waiting = expect(projector.reached({ [log]: { position: 99 } })).rejects.toMatchObject({
      code: 'PROJECTOR_CLOSED',
    });
    await projector.close();
    await waiting;
    expect(projector.status().state).toEqual({ kind: 'closed' });
    await projector.ended;
  });

  test('closes on abort, and waiting for it can be given up', async () => {
    const abort = new AbortController();
    const { projector } = await started({ signal: abort.signal });
    const giveUp = AbortSignal.abort(new Error('enough'));
    await expect(projector.reached({ [log]: { position: 1 } }, giveUp)).rejects.toThrow('enough');
    abort.abort();
    await projector.ended;
  });
});

describe('a projector that cannot go on', () => {
  /** Fails where its key cannot be told. */
  const keyed = projection('keyed', z.object({ n: z.int() })).on(
    event('Counted', z.object({ keys: z.array(z.string()) })),
    {
      key: (e) => (e.keys.includes('bad') ? '' : e.keys),
      apply: (document) => ({ n: (document?.n ?? 0) + 1 }),
    },
  );
  const good = (position: number) => exampleEvent(position, 'Counted', { keys: [`k${position}`] });
  const bad = (position: number) => exampleEvent(position, 'Counted', { keys: ['x', 'bad'] });

  test('stops at an event whose key cannot be told, with everything before it applied, and says where and why', async () => {
    const { store, bus, generation, projector } = await started({ of: keyed });
    const events = [good(1), good(2), bad(3), good(4)];
    await bus.deliver(events, 1).catch(() => undefined);
    await expect(projector.ended).rejects.toMatchObject({
      code: 'PROJECTION_FAILED',
      message:
        `Projection ${generation.projection} stopped at event shop:orders@1:3:0 (Counted): \`key\` of Counted gave a text ` +
        'of 0 bytes; expected a text of 1 to 1000 bytes, several, or undefined. Nothing is lost: its view keeps its place ' +
        'before this event. Correct the projection, or the translation that made the event, and build a new generation: ' +
        `banyan replay start ${generation.projection}.`,
      details: { eventId: 'shop:orders@1:3:0', key: null, failure: 'KEY_INVALID' },
    });
    expect(await store.progress(generation)).toEqual({ [log]: { position: 2 } });
    expect([...(await documents(store, generation)).keys()]).toEqual(['k1', 'k2']);
    await expect(projector.reached({ [log]: { position: 4 } })).rejects.toMatchObject({
      code: 'PROJECTION_FAILED',
    });
    await expect(bus.hand({ events: [good(5)], progress: {} })).rejects.toMatchObject({
      code: 'PROJECTION_FAILED',
    });
  });

  test('loses nothing: corrected, it goes on at that event', async () => {
    const { store, bus, generation, projector, options } = await started({ of: keyed });
    const events = [good(1), bad(2), good(3)];
    await bus.deliver(events, 1).catch(() => undefined);
    await projector.ended.catch(() => undefined);
    const corrected = closedAfterwards(await startProjector({ ...options, projection: counters }));
    await bus.deliver(events);
    await corrected.reached(end(events));
    expect([...(await documents(store, generation)).keys()]).toEqual(['bad', 'k1', 'k3', 'x']);
  });

  test('parks the projection, which goes on without the event once an operator has left it out', async () => {
    const { store, bus, generation, projector, options } = await started({ of: keyed });
    const events = [good(1), bad(2), bad(3), good(4)];
    await bus.deliver(events, 1).catch(() => undefined);
    await projector.ended.catch(() => undefined);
    const logs = [{ log: { source: 'shop', translation: 'orders', version: 1 } }];
    const stuck = { eventId: 'shop:orders@1:2:0', code: 'KEY_INVALID' };
    expect((await store.tracking(generation)).parked).toMatchObject(stuck);
    expect(await skipStuck(store, generation, logs, bad(2).id)).toMatchObject(stuck);

    const next = closedAfterwards(await startProjector(options));
    await bus.deliver(events, 1).catch(() => undefined);
    await expect(next.ended).rejects.toMatchObject({ details: { eventId: 'shop:orders@1:3:0' } });
    await skipStuck(store, generation, logs, bad(3).id);
    const last = closedAfterwards(await startProjector(options));
    await bus.deliver(events);
    await last.reached(end(events));
    expect([...(await documents(store, generation)).keys()]).toEqual(['k1', 'k4']);
    expect((await store.tracking(generation)).parked).toBeUndefined();
  });

  test('applies what came before the event though it was delivered with it in one batch', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { store, bus, generation, projector } = await started({
      of: keyed,
      wrap: (memory) => ({
        ...memory,
        readMany: async (id, keys) => (await gate, memory.readMany(id, keys)),
      }),
    });
    await bus.deliver([good(1), good(2), good(3), bad(4)], 1);
    release();
    await expect(projector.ended).rejects.toMatchObject({ code: 'PROJECTION_FAILED' });
    expect(await store.progress(generation)).toEqual({ [log]: { position: 3 } });
  });

  test('another projector at work is noticed, and nothing is applied twice', async () => {
    const { store, bus, generation, projector } = await started();
    await store.commit(generation, { writes: [], expected: {}, next: { [log]: { position: 2 } } });
    await bus.deliver(history.slice(0, 5)).catch(() => undefined);
    await expect(projector.ended).rejects.toMatchObject({ code: 'PROJECTOR_NOT_ALONE' });
    expect(await store.count(generation)).toBe(0);
  });

  test('another writer of items is noticed', async () => {
    const { bus, projector } = await started({
      wrap: (store) => ({
        ...store,
        commit: async (_, { writes }) => ({ conflicts: writes.map(({ item }) => item.key) }),
      }),
    });
    await bus.deliver(history.slice(0, 5)).catch(() => undefined);
    await expect(projector.ended).rejects.toMatchObject({ code: 'ITEMS_CONTESTED' });
  });

  test('a bus that is not ordered is refused', async () => {
    const unordered = await started();
    await unordered.bus.hand({ events: [good(1)], progress: undefined }).catch(() => undefined);
    await expect(unordered.projector.ended).rejects.toMatchObject({ code: 'BUS_NOT_ORDERED' });
    const disordered = await started();
    await disordered.bus
      .hand({ events: [good(2), good(1)], progress: { [log]: { position: 2 } } })
      .catch(() => undefined);
    await expect(disordered.projector.ended).rejects.toMatchObject({ code: 'EVENT_OUT_OF_ORDER' });
  });

  test('a view is not mixed of other logs than it was built from', async () => {
    const memory = createMemoryViewStore();
    const generation = await newGeneration(memory, { floor: { 'shop:orders@0': { position: 5 } } });
    await expect(started({ store: memory, generation })).rejects.toMatchObject({
      code: 'SUBSCRIPTION_CHANGED',
      message: expect.stringContaining('shop:orders@0'),
    });
    // A log more is seen by its events, which are older than what the items hold.
    const { bus, projector } = await started();
    await bus.deliver(history.slice(100, 200));
    const old = exampleEvent(1, 'Counted', { keys: ['k1'] }, { source: 'crm' });
    await bus
      .hand({ events: [old], progress: { ...end(history.slice(0, 200)), 'crm:orders@1': { position: 1 } } })
      .catch(() => undefined);
    await expect(projector.ended).rejects.toMatchObject({ code: 'EVENT_OUT_OF_ORDER' });
  });

  test('events that an item of a rebuild has already are dropped', async () => {
    const memory = createMemoryViewStore();
    const generation = await newGeneration(memory);
    const ahead = { ...settled('k1', 1, { count: 7 }), state: { kind: 'settled' as const, at: at(500) } };
    await memory.writeMany(generation, [{ item: ahead, expected: undefined, indexEntries: [] }]);
    const { bus, projector } = await started({ store: memory, generation });
    await bus.deliver([exampleEvent(1, 'Counted', { keys: ['k1'] })]);
    await projector.reached({ [log]: { position: 1 } });
    expect((await memory.readMany(generation, ['k1'])).get('k1')).toEqual(ahead);
    await projector.close();
  });

  test('a broken subscription ends it with the same error', async () => {
    const { bus, projector } = await started();
    bus.break(new BanyanError('LOG_CORRUPT', 'a segment is corrupt'));
    await expect(projector.ended).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
    expect(projector.status().state).toMatchObject({ kind: 'failed' });
  });
});

describe('a store that goes away', () => {
  const away = (): BanyanError => new BanyanError('VIEW_STORE_UNREACHABLE', 'away', { retryable: true });

  test('is tried again; a commit whose answer was lost is not repeated', async () => {
    let left = 3;
    const { store, bus, generation, projector } = await started({
      wrap: (memory) => ({
        ...memory,
        commit: async (id, batch) => {
          left -= 1;
          // Done and not answered, not done, done and not answered, then all is well.
          const outcome = left === 1 ? undefined : await memory.commit(id, batch);
          if (left >= 0 || !outcome) throw away();
          return outcome;
        },
      }),
    });
    const warned = eventually(() => expect(projector.status().state.kind).toBe('retrying'));
    await bus.deliver(history, 100);
    await warned;
    await projector.reached(end(history));
    expect(projector.status().state.kind).toBe('running');
    expect(await documents(store, generation)).toEqual(expectedCounters(history));
  });

  test('does not hold up closing', async () => {
    const { bus, projector } = await started({
      wrap: (memory) => ({ ...memory, readMany: async () => Promise.reject(away()) }),
    });
    await bus.deliver(history.slice(0, 5));
    await projector.close();
    expect(projector.status().state).toEqual({ kind: 'closed' });
  });
});
