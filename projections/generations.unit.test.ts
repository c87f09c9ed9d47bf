import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ensureLive } from './generations.ts';
import { createMemoryViewStore } from './memory-view-store.ts';
import { projection } from './projection.ts';

const clock = { now: () => Date.UTC(2026, 2, 1) };
const view = (name: string) => projection(name, z.object({ group: z.string() }));
const plain = view('plain');
const indexed = view('indexed').index('byGroup', { partition: (d) => d.group });

function room() {
  const store = createMemoryViewStore();
  const ensure = (...projections: { projection: typeof plain | typeof indexed; bundle: string }[]) =>
    ensureLive({
      store,
      group: 'g',
      projections: projections.map((code) => ({ ...code, logs: [] })),
      clock,
    });
  return { store, ensure };
}

describe('the live generations of a group', () => {
  test('are made on the first start and found on the next', async () => {
    const { store, ensure } = room();
    const code = [
      { projection: plain, bundle: 'b1' },
      { projection: indexed, bundle: 'b2' },
    ];
    const first = await ensure(...code);
    expect(first.map(({ projection, number }) => [projection, number])).toEqual([
      ['plain', 1],
      ['indexed', 1],
    ]);
    expect(first[1]).toEqual({
      projection: 'indexed',
      number: 1,
      state: { kind: 'live' },
      bundle: 'b2',
      logs: [],
      floor: {},
      indexes: [{ name: 'byGroup' }],
      createdAt: '2026-03-01T00:00:00.000Z',
    });
    expect(await store.pointer('g')).toEqual({ epoch: 1, live: { plain: 1, indexed: 1 } });
    expect(await ensure(...code)).toEqual(first);
    expect(await store.pointer('g')).toMatchObject({ epoch: 1 });
  });

  test('are the same for all processes that start at once', async () => {
    const { store, ensure } = room();
    const all = await Promise.all(
      [1, 2, 3].map(() => ensure({ projection: plain, bundle: 'b' }, { projection: indexed, bundle: 'b' })),
    );
    expect(all[1]).toEqual(all[0]);
    expect(all[2]).toEqual(all[0]);
    expect(await store.pointer('g')).toEqual({ epoch: 1, live: { plain: 1, indexed: 1 } });
  });

  test('gain a projection that is new in the group, and leave the others where they are', async () => {
    const { store, ensure } = room();
    await ensure({ projection: plain, bundle: 'b' });
    await store.createGeneration({
      projection: 'plain',
      number: 2,
      state: { kind: 'live' },
      bundle: 'b',
      logs: [],
      floor: {},
      indexes: [],
      createdAt: '',
    });
    await store.movePointer('g', 1, { plain: 2 });
    const [one, other] = await ensure(
      { projection: plain, bundle: 'b' },
      { projection: indexed, bundle: 'b' },
    );
    expect([one?.number, other?.number]).toEqual([2, 1]);
    expect(await store.pointer('g')).toEqual({ epoch: 3, live: { plain: 2, indexed: 1 } });
  });

  test('of other code and other indexes are answered as they are', async () => {
    const { ensure } = room();
    await ensure({ projection: view('indexed'), bundle: 'b1' });
    expect(await ensure({ projection: indexed, bundle: 'b2' })).toMatchObject([
      { bundle: 'b1', indexes: [] },
    ]);
  });

  test('are not those that a replay builds, and are pointed at when their maker ended before', async () => {
    const { store, ensure } = room();
    const generation = {
      projection: 'plain',
      number: 1,
      bundle: 'b',
      logs: [],
      floor: {},
      indexes: [],
      createdAt: '',
    };
    await store.createGeneration({ ...generation, state: { kind: 'building' } });
    expect(await ensure({ projection: plain, bundle: 'b' })).toEqual([]);
    expect(await store.pointer('g')).toBeUndefined();
    await store.createGeneration({ ...generation, projection: 'indexed', state: { kind: 'live' } });
    expect(await ensure({ projection: indexed, bundle: 'b' })).toMatchObject([{ projection: 'indexed' }]);
    expect(await store.pointer('g')).toMatchObject({ live: { indexed: 1 } });
  });

  test('that the pointer names must be there', async () => {
    const { store, ensure } = room();
    await store.movePointer('g', 0, { plain: 4 });
    await expect(ensure({ projection: plain, bundle: 'b' })).rejects.toMatchObject({
      code: 'GENERATION_UNKNOWN',
    });
  });
});
