import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { event } from 'banyan/events';
import { projection } from 'banyan/projections';
import { BanyanError, nodeFileSystem } from 'banyan/runtime';
import { z } from 'zod';
import { eventually } from '../../kit/eventually.ts';
import { counters, expectedCounters } from '../../projections/testing/counters.ts';
import { rebuilding } from './lock.ts';
import type { RebuildProgress } from './meter.ts';
import { rebuild } from './rebuild.ts';
import { readRecord } from './record.ts';
import { makeWorld, orders, timeAt, type World } from './testing/world.ts';

let world: World;
beforeEach(async () => {
  world = await makeWorld({ logs: [orders] });
  for (let at = 1; at <= 200; at += 1) {
    await world.append(orders, timeAt(at), [{ type: 'Counted', data: { keys: [`k${String(at % 50)}`] } }]);
  }
});
afterEach(() => world.close());

/** Code that throws at those positions. */
function failingAt({ key = [], apply = [] }: { key?: number[]; apply?: number[] }) {
  const Counted = event('Counted', z.object({ keys: z.array(z.string()) }));
  const failIn = (positions: readonly number[], { position }: { readonly position: number }): void => {
    if (positions.includes(position)) throw new Error('no');
  };
  const code = projection(counters.name, z.object({ count: z.int() })).on(Counted, {
    key: ({ keys }, meta) => (failIn(key, meta), keys),
    apply: (document, _, meta) => (failIn(apply, meta), { count: (document?.count ?? 0) + 1 }),
  });
  return { path: (hash: string) => hash, projection: async () => code };
}

const states = async (): Promise<string[]> =>
  (await world.store.generations(counters.name)).map(
    ({ number, state }) => `${String(number)} ${state.kind}`,
  );

describe('a rebuild', () => {
  test('tells its figures, and how far it is', async () => {
    const told: RebuildProgress[] = [];
    const { figures, generation } = await rebuild(world.options({ onProgress: (one) => told.push(one) }));
    expect(figures).toMatchObject({ events: 200, documents: 50, resumed: false });
    expect(figures.peakMemoryBytes).toBeGreaterThan(2 ** 20);
    expect(told[0]).toMatchObject({ step: 'folding' });
    expect(generation).toMatchObject({ number: 1, bundle: 'b2', state: { kind: 'ready' } });
    expect(await readRecord(nodeFileSystem, world.directory, generation)).toMatchObject({
      step: { kind: 'done' },
    });
  });

  test('asked for again makes another generation; one that was begun with other code is dropped', async () => {
    await rebuild(world.options());
    const broken = { ...world.store, writeMany: () => Promise.reject(new Error('killed')) };
    await expect(rebuild(world.options({ store: broken }))).rejects.toThrow('killed');
    expect(await states()).toEqual(['1 ready', '2 building']);
    const { generation } = await rebuild(world.options({ bundle: 'b3' }));
    expect(generation.number).toBe(3);
    expect(await states()).toEqual(['1 ready', '3 ready']);
  });

  test('goes on from its checkpoint', async () => {
    const stopping = new AbortController();
    const given = { batchBytes: 1, checkpointEveryMs: 0, signal: stopping.signal };
    let writes = 0;
    const store = {
      ...world.store,
      writeMany: async (...args: Parameters<typeof world.store.writeMany>) => {
        if ((writes += 1) === 1) stopping.abort(new Error('enough'));
        return world.store.writeMany(...args);
      },
    };
    await expect(rebuild(world.options({ ...given, store }))).rejects.toThrow('enough');
    expect(await rebuilding(nodeFileSystem, world.directory, counters.name)).toBeUndefined();
    const first = await readRecord(nodeFileSystem, world.directory, { projection: counters.name, number: 1 });
    if (first?.step.kind !== 'folding') throw new Error('it ended');
    const position = first.step.partitions[0]?.['shop:orders@1']?.position ?? 0;
    expect(position).toBeGreaterThan(0);
    expect(position).toBeLessThan(200);
    const { figures, generation } = await rebuild(world.options());
    expect(figures).toMatchObject({ resumed: true, events: 200 });
    expect(await world.documents(generation)).toEqual(expectedCounters(world.events()));
  });

  test('that meets events it cannot apply parks their keys, and says which', async () => {
    // Each key has four events; the third one of k10 cannot be applied either.
    const bundles = failingAt({ apply: [27, 60, 110] });
    const { generation, figures } = await rebuild(world.options({ bundles }));
    const parked = (key: string, position: number) => ({
      ...{ key, eventId: `shop:orders@1:${String(position)}:0`, code: 'HANDLER_THREW' },
      message: '`apply` of Counted threw: no',
    });
    expect(generation.state).toEqual({ kind: 'ready' });
    expect(figures.parked).toEqual({ count: 2, first: [parked('k10', 60), parked('k27', 27)] });
    const documents = await world.documents(generation);
    expect([documents.get('k10'), documents.get('k27'), documents.get('k11')]).toEqual([
      { count: 1 },
      undefined,
      { count: 4 },
    ]);
  });

  test('that cannot tell the key of an event fails, and says which', async () => {
    const failing = rebuild(world.options({ bundles: failingAt({ key: [77] }) }));
    await expect(failing).rejects.toMatchObject({
      code: 'PROJECTION_FAILED',
      details: { key: null, eventId: 'shop:orders@1:77:0', failure: 'KEY_INVALID' },
    });
    expect((await world.store.generations(counters.name)).at(-1)?.state).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('shop:orders@1:77:0'),
    });
  });

  test('that goes on from its checkpoint leaves parked what is parked', async () => {
    const bundles = failingAt({ apply: [27] });
    const store = {
      ...world.store,
      writeMany: async (...[id, writes]: Parameters<typeof world.store.writeMany>) => {
        if (writes.some(({ item }) => item.key === 'k45')) throw new Error('killed');
        return world.store.writeMany(id, writes);
      },
    };
    const given = { bundles, batchBytes: 1, memoryBytes: 1, checkpointEveryMs: 0 };
    await expect(rebuild(world.options({ ...given, store }))).rejects.toThrow('killed');
    const left = await world.store.troubled({ projection: counters.name, number: 1 }, 'parked', {
      limit: 10,
    });
    expect(left.items.map(({ key }) => key)).toEqual(['k27']);
    // Now its event would be applied: but what follows it was passed over.
    const { figures, generation } = await rebuild(
      world.options({ ...given, bundles: failingAt({ apply: [] }) }),
    );
    expect(figures).toMatchObject({ resumed: true, parked: { count: 1, first: [{ key: 'k27' }] } });
    expect((await world.documents(generation)).get('k27')).toBeUndefined();
  });

  test('waits for a store that comes back, and takes what another writer left ahead of it', async () => {
    let left = 2;
    const store = {
      ...world.store,
      writeMany: async (...[id, writes]: Parameters<typeof world.store.writeMany>) => {
        if ((left -= 1) < 0) return world.store.writeMany(id, writes);
        // The write was done, and its answer was lost.
        await world.store.writeMany(id, writes.slice(0, 5));
        throw new BanyanError('VIEW_STORE_UNREACHABLE', 'away', { retryable: true });
      },
    };
    const { generation } = await rebuild(world.options({ store, batchBytes: 1, memoryBytes: 1 }));
    expect(await world.documents(generation)).toEqual(expectedCounters(world.events()));
  });

  test('is refused while another runs, in this process too', async () => {
    const first = rebuild(world.options({ rate: 100 }));
    await eventually(async () => {
      expect(await rebuilding(nodeFileSystem, world.directory, counters.name)).toBeDefined();
    });
    await expect(rebuild(world.options())).rejects.toMatchObject({
      code: 'REPLAY_RUNNING',
      details: { pid: process.pid },
    });
    await first;
  });

  test('by workers needs to be told how they open the store', async () => {
    await expect(rebuild(world.options({ workers: 2 }))).rejects.toMatchObject({
      code: 'REPLAY_STORE_NOT_OPENED',
    });
  });
});

describe('a rebuild whose generation is subscribed', () => {
  const id = { projection: counters.name, number: 1 };
  const heard = async (probe: { readonly id: string }): Promise<void> =>
    world.store.changeGeneration(id, 'building', { state: { kind: 'building', heard: probe.id }, floor: {} });

  test('waits for a probe; without one it says so, and goes on from there', async () => {
    const waited: string[] = [];
    const lost = {
      probe: async () => undefined,
      onWaiting: (name: string) => void waited.push(name),
      ...{ patienceMs: 5, everyMs: 1 },
    };
    await expect(rebuild(world.options({ subscription: lost }))).rejects.toMatchObject({
      code: 'REPLAY_NOT_SUBSCRIBED',
      retryable: true,
      details: { subscription: 'counters.g1' },
    });
    expect(waited).toEqual(['counters.g1']);
    expect(await states()).toEqual(['1 building']);
    const { generation, figures } = await rebuild(world.options({ subscription: { probe: heard } }));
    expect(figures.resumed).toBe(true);
    expect(generation).toMatchObject({ number: 1, state: { kind: 'ready' } });
    expect(await world.store.progress(generation)).toEqual(generation.floor);
  });

  test('a probe that cannot be sent for the moment is sent again; what holds on is told', async () => {
    const offline = Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' });
    const failing = { probe: () => Promise.reject(offline), patienceMs: 5, everyMs: 1 };
    await expect(rebuild(world.options({ subscription: failing }))).rejects.toMatchObject({
      code: 'REPLAY_NOT_SUBSCRIBED',
      message: expect.stringContaining('no route'),
      cause: offline,
    });
    let sent = 0;
    const probe = async (one: { readonly id: string }): Promise<void> => {
      sent += 1;
      if (sent < 3) throw offline;
      await heard(one);
    };
    const { generation } = await rebuild(world.options({ subscription: { probe, everyMs: 1 } }));
    expect(generation).toMatchObject({ number: 1, state: { kind: 'ready' } });
    expect(sent).toBe(3);
  });

  test('a probe that can never be sent ends it at once', async () => {
    const gone = new BanyanError('BUS_REFUSED', 'there is no such bus');
    const subscription = { probe: () => Promise.reject(gone), everyMs: 1 };
    await expect(rebuild(world.options({ subscription }))).rejects.toBe(gone);
    expect(await states()).toEqual(['1 building']);
  });

  test('a probe that a bus does not take is not waited for any longer than one that does not come', async () => {
    const stopped = new BanyanError('PUBLISHING_STOPPED', 'the bus was not reached', { retryable: true });
    const subscription = {
      probe: (_: unknown, signal: AbortSignal) =>
        new Promise<void>((__, reject) => signal.addEventListener('abort', () => reject(stopped))),
      ...{ patienceMs: 5, everyMs: 1 },
    };
    await expect(rebuild(world.options({ subscription }))).rejects.toMatchObject({
      code: 'REPLAY_NOT_SUBSCRIBED',
      cause: stopped,
    });
  });

  test('a probe of an earlier run says nothing', async () => {
    const stopping = new AbortController();
    let probes = 0;
    const running = rebuild(
      world.options({
        signal: stopping.signal,
        subscription: {
          probe: async () => {
            await heard({ id: 'of an earlier run' });
            // It has looked, and still waits.
            if ((probes += 1) === 3) stopping.abort(new Error('enough'));
          },
          everyMs: 5,
        },
      }),
    );
    await expect(running).rejects.toThrow('enough');
    expect(await states()).toEqual(['1 building']);
  });

  test('that fails while its floor is fixed is being built again; killed there, it is taken up all the same', async () => {
    let fails = true;
    const failing = {
      ...world.store,
      changeTracking: (...args: Parameters<typeof world.store.changeTracking>) =>
        fails ? Promise.reject(new Error('killed')) : world.store.changeTracking(...args),
    };
    const options = world.options({ store: failing, subscription: { probe: heard } });
    await expect(rebuild(options)).rejects.toThrow('killed');
    expect(await states()).toEqual(['1 building']);
    await world.store.changeGeneration(id, 'building', { state: { kind: 'opening' }, floor: {} });
    fails = false;
    expect((await rebuild(options)).generation).toMatchObject({ number: 1, state: { kind: 'ready' } });
  });

  test('is being built again when the answer to its closing is lost', async () => {
    const lost = new BanyanError('VIEW_STORE_UNREACHABLE', 'no answer', { retryable: true });
    const deaf = {
      ...world.store,
      changeGeneration: async (...args: Parameters<typeof world.store.changeGeneration>) => {
        await world.store.changeGeneration(...args);
        if (args[2].state.kind === 'opening') throw lost;
      },
    };
    const options = world.options({ store: deaf, subscription: { probe: heard } });
    await expect(rebuild(options)).rejects.toBe(lost);
    expect(await states()).toEqual(['1 building']);
  });

  test('begun with other code and killed while it was opened, it is dropped', async () => {
    await expect(
      rebuild(world.options({ subscription: { probe: async () => undefined, patienceMs: 0, everyMs: 1 } })),
    ).rejects.toMatchObject({ code: 'REPLAY_NOT_SUBSCRIBED' });
    await world.store.changeGeneration(id, 'building', { state: { kind: 'opening' }, floor: {} });
    await rebuild(world.options({ bundle: 'b3' }));
    expect(await states()).toEqual(['2 ready']);
  });
});
