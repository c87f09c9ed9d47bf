import { describe, expect, test } from '@jest/globals';
import { silentLogger } from 'banyan/runtime';
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
  const warned: unknown[] = [];
  const logger = {
    ...silentLogger,
    warn: (fields: unknown) => void warned.push(fields),
  } as typeof silentLogger;
  const ensure = (...projections: { projection: typeof plain | typeof indexed; bundle: string }[]) =>
    ensureLive({
      store,
      group: 'g',
      projections: projections.map((code) => ({ ...code, logs: [] })),
      logger,
      clock,
    });
  return { store, warned, ensure };
}

describe('the live generations of a group', () => {
  test('are made on the first start and found on the next', async () => {
    const { store, ensure, warned } = room();
    const code = [
      { projection: plain, bundle: 'b1' },
      { projection: indexed, bundle: 'b2' },
    ];
    const first = await ensure(...code);
    expect(first.map(({ kind, generation }) => [kind, generation.projection, generation.number])).toEqual([
      ['ready', 'plain', 1],
      ['ready', 'indexed', 1],
    ]);
    expect(first[1]?.generation).toEqual({
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
    expect(warned).toEqual([]);
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
    expect([one?.generation.number, other?.generation.number]).toEqual([2, 1]);
    expect(await store.pointer('g')).toEqual({ epoch: 3, live: { plain: 2, indexed: 1 } });
  });

  test('of other code are gone on with, and that is said', async () => {
    const { ensure, warned } = room();
    await ensure({ projection: plain, bundle: 'b1' });
    const [found] = await ensure({ projection: plain, bundle: 'b2' });
    expect(found).toMatchObject({ kind: 'ready', generation: { bundle: 'b1' } });
    expect(warned).toEqual([{ group: 'g', projection: 'plain', generation: 1, built: 'b1', bundle: 'b2' }]);
  });

  test('with other indexes are outdated, the others are not', async () => {
    const { ensure } = room();
    await ensure({
      projection: view('indexed').index('byOther', { partition: (d) => d.group }),
      bundle: 'b',
    });
    const [found, other] = await ensure(
      { projection: indexed, bundle: 'b' },
      { projection: plain, bundle: 'b' },
    );
    expect(found).toMatchObject({
      kind: 'outdated',
      error: { code: 'GENERATION_OUTDATED', details: { added: ['byGroup'], dropped: ['byOther'] } },
    });
    expect(other?.kind).toBe('ready');
  });

  test('that the pointer names must be there', async () => {
    const { store, ensure } = room();
    await store.movePointer('g', 0, { plain: 4 });
    await expect(ensure({ projection: plain, bundle: 'b' })).rejects.toMatchObject({
      code: 'GENERATION_UNKNOWN',
    });
  });
});
