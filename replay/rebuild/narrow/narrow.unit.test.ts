import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { event } from 'banyan/events';
import { projection, removed, type AnyProjection } from 'banyan/projections';
import type { JsonObject } from 'banyan/runtime';
import fc from 'fast-check';
import { z } from 'zod';
import { rebuild, type Rebuilt } from '../rebuild.ts';
import { makeWorld, orders, timeAt, type World } from '../testing/world.ts';
import type { NarrowChoice } from './narrow.ts';

const Placed = event('Placed', z.object({ id: z.string(), total: z.int(), coupon: z.int() }));
const Cancelled = event('Cancelled', z.object({ id: z.string() }));
const Order = z.object({ total: z.int(), times: z.int() });

/** Totals of orders; the fault forgets coupons, or, in a wide one, counts wrong too. */
function summary(totalOf: (order: { total: number; coupon: number; id: string }) => number) {
  return projection('summary', Order)
    .on(Placed, {
      key: ({ id }) => id,
      apply: (document, placed) => ({ total: totalOf(placed), times: (document?.times ?? 0) + 1 }),
    })
    .on(Cancelled, { key: ({ id }) => id, apply: () => removed })
    .index('byTimes', { partition: ({ times }) => String(times) });
}
const faulty = summary(({ total }) => total);
const right = summary(({ total, coupon }) => total - coupon);
const wide = summary(({ total, coupon, id }) => total - coupon + (id.endsWith('7') ? 1 : 0));

/** Cannot apply any order of some keys. */
function throwingFor(...keys: readonly string[]): AnyProjection {
  return summary(({ total, id }) => {
    if (keys.includes(id)) throw new Error('no');
    return total;
  });
}

let world: World;
let time = 0;
beforeEach(async () => {
  world = await makeWorld({ code: faulty, logs: [orders] });
  time = 0;
});
afterEach(() => world.close());

async function say(type: string, data: JsonObject): Promise<void> {
  time += 1;
  await world.append(orders, timeAt(time), [{ type, data }]);
}

/** Orders o0 to o49, every tenth with a coupon, some cancelled or placed again; then the faulty view, live. */
async function faultyView(code: AnyProjection = faulty): Promise<void> {
  for (let at = 0; at < 50; at += 1)
    await say('Placed', { id: `o${String(at)}`, total: 100, coupon: at % 10 === 0 ? 5 : 0 });
  for (const at of [3, 20, 33]) await say('Cancelled', { id: `o${String(at)}` });
  for (const at of [10, 33, 41])
    await say('Placed', { id: `o${String(at)}`, total: 70, coupon: at === 10 ? 7 : 0 });
  const bundles = { path: (hash: string) => hash, projection: async () => code };
  const { generation } = await rebuild(world.options({ bundle: 'faulty', bundles }));
  await world.store.changeGeneration(generation, 'ready', {
    state: { kind: 'live' },
    floor: generation.floor,
  });
  await world.store.movePointer('test', 0, { summary: generation.number });
}

function fixed(
  choice: NarrowChoice,
  code: AnyProjection = right,
  more: { sample?: number; failAt?: number } = {},
): Promise<Rebuilt> {
  const { sample = 1000 } = more;
  const bundles = { path: (hash: string) => hash, projection: async () => code };
  return rebuild(
    world.options({ bundle: 'fixed', bundles, partitions: 2, narrow: { choice, sample, seed: 1 } }),
  );
}

/** What a whole rebuild makes. */
async function wholly(code: AnyProjection): Promise<Map<string, JsonObject>> {
  const bundles = { path: (hash: string) => hash, projection: async () => code };
  const { generation } = await rebuild(world.options({ bundle: 'whole', bundles }));
  return world.documents(generation);
}

const tens = new Set(['o0', 'o10', 'o20', 'o30', 'o40', 'o-none']);

describe('a narrow rebuild', () => {
  test('of keys that are named folds them whole, beside a copy of the others', async () => {
    await faultyView();
    const { generation, figures } = await fixed({ kind: 'keys', keys: tens });
    expect(figures.narrow).toEqual({ affected: 6, copied: 45, sampled: 44 });
    expect(await world.documents(generation)).toEqual(await wholly(right));
    expect(generation.floor).toEqual({ 'shop:orders@1': { position: world.writer(orders).committed } });
    const page = await world.store.query(generation, { index: 'byTimes', partition: '2', limit: 10 });
    expect(page.items.map(({ key }) => key)).toEqual(['o10', 'o41']);
  });

  test('of documents that a predicate chooses, and of events since a time', async () => {
    await faultyView();
    const live = await fixed({ kind: 'where', where: (_, key) => key.endsWith('0') }).then(
      ({ generation }) => generation,
    );
    expect(await world.documents(live)).toEqual(await wholly(right));
    const since = await fixed({ kind: 'since', since: timeAt(54) }, faulty);
    expect(since.figures.narrow).toMatchObject({ affected: 3 });
    expect(await world.documents(since.generation)).toEqual(await wholly(faulty));
  });

  test('whose claim is wrong fails, with the keys and fields that differ', async () => {
    await faultyView();
    await expect(fixed({ kind: 'keys', keys: tens }, wide)).rejects.toMatchObject({
      code: 'REPLAY_NOT_NARROW',
      details: { keys: ['o17', 'o27', 'o37', 'o47', 'o7'], fields: ['total'] },
    });
    expect((await world.store.generations('summary')).at(-1)?.state).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('o17'),
    });
  });

  test('sees a document that the fix brings forth and the live view has not', async () => {
    await faultyView();
    const kept = projection('summary', Order).on(Placed, {
      key: ({ id }) => id,
      apply: (document, { total, coupon }) => ({ total: total - coupon, times: (document?.times ?? 0) + 1 }),
    });
    await expect(
      fixed({ kind: 'keys', keys: tens }, kept.index('byTimes', { partition: () => 'x' })),
    ).rejects.toMatchObject({
      code: 'REPLAY_NOT_NARROW',
      details: { keys: ['o3', 'o33'] },
    });
  });

  test('folds keys anew that are parked, named or not', async () => {
    await faultyView(throwingFor('o7', 'o41'));
    const { generation, figures } = await fixed({ kind: 'keys', keys: tens });
    expect(figures).toMatchObject({ narrow: { affected: 8, copied: 43 }, parked: { count: 0 } });
    expect(await world.documents(generation)).toEqual(await wholly(right));
  });

  test('whose code cannot apply an event of another key fails; of an affected one it parks the key', async () => {
    await faultyView();
    await expect(fixed({ kind: 'keys', keys: tens }, throwingFor('o41'))).rejects.toMatchObject({
      code: 'REPLAY_NOT_NARROW',
      details: { keys: ['o41'], fields: ['(parked)', 'times', 'total'] },
    });
    const { generation, figures } = await fixed({ kind: 'keys', keys: tens }, throwingFor('o10'));
    expect(figures.parked).toMatchObject({ count: 1, first: [{ key: 'o10', code: 'HANDLER_THREW' }] });
    expect((await world.documents(generation)).size).toBe(47);
  });

  test('folds keys anew whose documents the new indexes refuse', async () => {
    await faultyView();
    const code = right.index('byTotal', {
      partition: ({ total, times }) => {
        if (times === 2) throw new Error(`nobody orders twice for ${String(total)}`);
        return 'all';
      },
    });
    const { figures } = await fixed({ kind: 'keys', keys: tens }, code, { sample: 0 });
    expect(figures).toMatchObject({
      narrow: { affected: 7 },
      parked: { count: 2, first: [{ key: 'o10' }, { key: 'o41', code: 'INDEX_INVALID' }] },
    });
  });

  test('is refused where there is nothing live to copy, or it has other logs', async () => {
    await expect(fixed({ kind: 'keys', keys: tens })).rejects.toMatchObject({
      code: 'REPLAY_NARROW_REFUSED',
    });
    await faultyView();
    const other = { ...orders, version: 2 };
    const narrow = { choice: { kind: 'keys' as const, keys: tens } };
    await expect(rebuild(world.options({ bundle: 'fixed', logs: [other], narrow }))).rejects.toMatchObject({
      code: 'LOG_NOT_FOUND',
    });
  });

  test('goes on where it was killed, while the live view goes on too', async () => {
    await faultyView();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }), async (failures) => {
        for (const failAt of failures) {
          let calls = 0;
          const store = {
            ...world.store,
            writeMany: async (...args: Parameters<typeof world.store.writeMany>) => {
              if ((calls += 1) === failAt) throw new Error('killed');
              return world.store.writeMany(...args);
            },
          };
          const bundles = { path: (hash: string) => hash, projection: async () => right };
          const narrow = { choice: { kind: 'keys' as const, keys: tens } };
          const given = {
            bundle: 'fixed',
            bundles,
            narrow,
            store,
            partitions: 2,
            batchBytes: 1,
            memoryBytes: 1,
          };
          await rebuild(world.options(given)).catch((error: unknown) => {
            if ((error as Error).message !== 'killed') throw error;
          });
          await say('Placed', { id: `o${String(failAt)}`, total: failAt, coupon: failAt === 10 ? 2 : 0 });
        }
        const { generation } = await fixed({ kind: 'keys', keys: tens });
        expect(await world.documents(generation)).toEqual(await wholly(right));
      }),
      { numRuns: 10 },
    );
  });
});
