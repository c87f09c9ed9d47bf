import { afterEach, describe, expect, test } from '@jest/globals';
import type { AtomicViewStore, Item } from 'banyan/projections';
import { nodeFileSystem } from 'banyan/runtime';
import { compareGenerations } from '../compare/compare-generations.ts';
import { writeComparison } from '../compare/comparison-file.ts';
import { settled, write } from '../../projections/testing/examples.ts';
import { parked } from '../../projections/testing/unsettled-items.ts';
import { readHistory } from '../history/history.ts';
import { takeLock } from '../rebuild/lock.ts';
import { createEnvironment, type Environment } from '../testing/environment.ts';
import { Killed, killedAfter } from '../testing/operators.ts';
import type { MoveResult, PromoteOptions, RetireOptions } from './options.ts';
import { planPromotion, promote } from './promote.ts';
import { planRetire, retire } from './retire.ts';
import { planRollback, rollback } from './rollback.ts';

const orders = { source: 'shop', translation: 'orders', version: 1 };
const who = 'ann@shop';
let open: Environment[] = [];

async function environment(...args: Parameters<typeof createEnvironment>): Promise<Environment> {
  const made = await createEnvironment(...args);
  open.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
});

function forced({ store, directory, group }: Environment, ...projections: string[]): PromoteOptions {
  return {
    store,
    directory,
    group,
    projections,
    who,
    force: true,
    why: 'tried',
    timeoutMs: 0,
    heads: async () => 0,
  };
}

async function compared(
  { store, directory }: Environment,
  projection: string,
  live: number,
  next: number,
): Promise<void> {
  await writeComparison(directory, await compareGenerations({ store, projection, live, next, stillMs: 0 }));
}

const live = async ({ store, group }: Environment): Promise<unknown> => (await store.pointer(group))?.live;
const states = async ({ store }: Environment, projection: string): Promise<unknown> =>
  (await store.generations(projection)).map(({ number, state }) => [number, state.kind]);
const codes = (refusals: readonly { code: string }[]): string[] => refusals.map(({ code }) => code);

describe('a promotion', () => {
  test('needs a newer generation, that is ready, and compared as it is', async () => {
    const env = await environment(['view']);
    const options = { ...forced(env, 'view'), force: false };
    const refused = async (code: string, given: Partial<PromoteOptions> = {}): Promise<void> => {
      expect(codes((await planPromotion({ ...options, ...given })).refusals)).toEqual([code]);
      await expect(promote({ ...options, ...given })).rejects.toMatchObject({ code });
    };
    await refused('REPLAY_NOTHING');
    await refused('REPLAY_UNKNOWN', { projections: ['other'] });
    await refused('REPLAY_UNKNOWN', { generations: { view: 7 } });
    const next = await env.build('view', { state: { kind: 'building' } });
    await refused('REPLAY_NOT_READY', { force: true });
    await env.store.changeGeneration(next, 'building', {
      state: { kind: 'failed', why: 'Its sample differs.' },
      floor: {},
    });
    await refused('REPLAY_FAILED', { force: true });
    await env.store.changeGeneration(next, 'failed', { state: { kind: 'ready' }, floor: {} });
    await refused('REPLAY_NOT_COMPARED');
    await env.build('view');
    await compared(env, 'view', 1, 2);
    await refused('REPLAY_NOT_COMPARED');
    await env.store.writeMany({ projection: 'view', number: 3 }, [write(settled('a', 1))]);
    await compared(env, 'view', 1, 3);
    await refused('REPLAY_UNEXPLAINED');
    await refused('REPLAY_WHY_MISSING', { force: true, why: ' ' });
    expect(await live(env)).toEqual({ view: 1 });
    expect(await readHistory(env.directory)).toEqual([]);
    const done = await promote({ ...options, generations: { view: 2 }, force: true });
    expect(done).toMatchObject({
      moves: [{ name: 'view', from: 1, to: 2, bundle: 'view-2' }],
      completed: false,
    });
    expect(await live(env)).toEqual({ view: 2 });
    expect(await states(env, 'view')).toEqual([
      [1, 'ready'],
      [2, 'live'],
      [3, 'ready'],
    ]);
    expect(await readHistory(env.directory)).toMatchObject([
      {
        who,
        action: 'promote',
        group: 'orders',
        projections: done.moves,
        why: 'tried',
        forced: true,
        epoch: 2,
      },
    ]);
  });

  test('with a comparison that explains all is done without force, and tells its figures', async () => {
    const env = await environment(['view']);
    await env.build('view');
    await compared(env, 'view', 1, 2);
    const { why: _, force: __, ...options } = forced(env, 'view');
    expect(await planPromotion(options)).toMatchObject({
      refusals: [],
      completes: false,
      moves: [{ from: 1, to: 2 }],
    });
    await promote(options);
    const [entry] = await readHistory(env.directory);
    expect(entry?.figures).toEqual({
      view: { added: 0, removed: 0, changed: 0, unchanged: 0, unexplained: 0 },
    });
    expect(entry).not.toHaveProperty('forced');
  });

  test('with keys parked that are not parked in the live one needs force', async () => {
    const env = await environment(['view'], { logs: [orders] });
    const next = await env.build('view');
    const [from, to] = [{}, { 'shop:orders@1': { position: 9 } }];
    const writes = (...items: Item[]) => items.map((item) => write(item));
    const live1 = { projection: 'view', number: 1 };
    const one = settled('a', 3, { of: 3 });
    await env.store.commit(live1, {
      writes: writes(one, settled('b', 3, { of: 3 }), parked('c', 3)),
      expected: from,
      next: to,
    });
    // d is parked at event 21, which the live generation has not come to.
    const parkedToo = [parked('b', 3), parked('c', 3), parked('d', 20)];
    await env.store.commit(next, { writes: writes(one, ...parkedToo), expected: from, next: to });
    await compared(env, 'view', 1, 2);
    const { force: _, ...options } = { ...forced(env, 'view'), heads: async () => 9 };
    const { refusals } = await planPromotion(options);
    expect(codes(refusals)).toEqual(['REPLAY_UNEXPLAINED', 'REPLAY_PARKED']);
    expect(refusals[1]?.message).toContain('has 1 parked keys');
    expect(refusals[1]?.message).toContain('"b" at event shop:orders@1:4:0');
    await promote({ ...options, force: true });
    expect((await readHistory(env.directory)).at(-1)?.figures).toMatchObject({
      view: { added: 1, parked: 1 },
    });
  });

  test('of several is one step; if one may not, none is', async () => {
    const env = await environment(['one', 'two']);
    await env.build('one');
    await expect(promote(forced(env, 'one', 'two'))).rejects.toMatchObject({ code: 'REPLAY_NOTHING' });
    expect(await live(env)).toEqual({ one: 1, two: 1 });
    await env.build('two');
    expect((await promote(forced(env, 'one', 'two'))).pointer).toMatchObject({
      epoch: 2,
      live: { one: 2, two: 2 },
    });
  });

  test('waits for the new generation, and for no more than there is', async () => {
    const env = await environment(['view'], { logs: [orders] });
    const next = await env.build('view');
    const [from, to] = [{}, { 'shop:orders@1': { position: 9 } }];
    await env.store.commit({ projection: 'view', number: 1 }, { writes: [], expected: from, next: to });
    const options = { ...forced(env, 'view'), heads: async () => 9 };
    await expect(promote(options)).rejects.toMatchObject({ code: 'REPLAY_BEHIND', retryable: true });
    const waiting: unknown[] = [];
    const promoted = promote({
      ...options,
      timeoutMs: 60_000,
      onProgress: (one) => {
        if (waiting.push(one) === 1) void env.store.commit(next, { writes: [], expected: from, next: to });
      },
    });
    expect((await promoted).pointer.live).toEqual({ view: 2 });
    expect(waiting[0]).toEqual({ projection: 'view', generation: 2, progress: {}, wanted: to });
    // Position 20 was announced and gave no event: the log ends at 9, and nothing more can come from it.
    await env.store.commit(next, { writes: [], expected: to, next: { 'shop:orders@1': { position: 20 } } });
    expect((await rollback(options)).pointer.live).toEqual({ view: 1 });
  });

  test('that comes second is refused by name', async () => {
    const env = await environment(['view']);
    await env.build('view');
    const store: AtomicViewStore = {
      ...env.store,
      movePointer: async (...given) => {
        await env.store.movePointer(env.group, 1, { view: 1 });
        return env.store.movePointer(...given);
      },
    };
    await expect(promote({ ...forced(env, 'view'), store })).rejects.toMatchObject({
      code: 'REPLAY_CONFLICT',
    });
    expect(await readHistory(env.directory)).toEqual([]);
  });
});

describe('a roll back', () => {
  test('returns to what was live before, again and again, and promoting comes back', async () => {
    const env = await environment(['view']);
    const numbers: unknown[] = [];
    const done = async ({ pointer }: MoveResult): Promise<void> => {
      numbers.push([pointer.epoch, pointer.live['view']]);
      expect(
        (await env.store.generations('view'))
          .filter(({ state }) => state.kind === 'live')
          .map(({ number }) => number),
      ).toEqual([pointer.live['view']]);
    };
    await expect(rollback(forced(env, 'view'))).rejects.toMatchObject({ code: 'REPLAY_NOTHING' });
    await env.build('view');
    await done(await promote(forced(env, 'view')));
    await done(await rollback(forced(env, 'view')));
    await done(await promote(forced(env, 'view')));
    await done(await rollback(forced(env, 'view')));
    await env.build('view');
    await done(await promote(forced(env, 'view')));
    await env.build('view');
    await done(await promote(forced(env, 'view')));
    expect(await planRollback(forced(env, 'view'))).toMatchObject({
      moves: [{ from: 4, to: 3 }],
      refusals: [],
    });
    await done(await rollback(forced(env, 'view')));
    await done(await rollback(forced(env, 'view')));
    expect(numbers).toEqual([
      [2, 2],
      [3, 1],
      [4, 2],
      [5, 1],
      [6, 3],
      [7, 4],
      [8, 3],
      [9, 1],
    ]);
    await expect(rollback(forced(env, 'view'))).rejects.toMatchObject({ code: 'REPLAY_NOTHING' });
    expect((await readHistory(env.directory)).map(({ action, epoch }) => [action, epoch])).toHaveLength(8);
  });

  test('over a retired generation is refused', async () => {
    const env = await environment(['view']);
    await env.build('view');
    await promote(forced(env, 'view'));
    await retire(retiring(env, 'view', 1));
    await expect(rollback(forced(env, 'view'))).rejects.toMatchObject({ code: 'REPLAY_RETIRED' });
    await expect(promote({ ...forced(env, 'view'), generations: { view: 1 } })).rejects.toMatchObject({
      code: 'REPLAY_RETIRED',
    });
    expect(codes((await planRollback(forced(env, 'view'))).refusals)).toEqual(['REPLAY_RETIRED']);
  });
});

function retiring(
  { store, directory, group }: Environment,
  projection: string,
  generation: number,
): RetireOptions {
  return { store, directory, group, who, projection, generation, allProjections: [projection, 'reader'] };
}

describe('retiring', () => {
  test('drops what is not live, tells it once, and gives its number to nobody', async () => {
    const env = await environment(['view']);
    await env.build('view');
    await env.store.writeMany({ projection: 'view', number: 2 }, [write(settled('a', 1))]);
    await expect(retire(retiring(env, 'view', 1))).rejects.toMatchObject({ code: 'REPLAY_LIVE' });
    await expect(retire(retiring(env, 'view', 5))).rejects.toMatchObject({ code: 'REPLAY_UNKNOWN' });
    expect(await planRetire(retiring(env, 'view', 2))).toMatchObject({ documents: 1, refusals: [] });
    expect(await retire(retiring(env, 'view', 2))).toMatchObject({ documents: 1 });
    expect(await retire(retiring(env, 'view', 2))).toMatchObject({ documents: undefined });
    expect(await states(env, 'view')).toEqual([[1, 'live']]);
    expect(await readHistory(env.directory)).toMatchObject([
      { action: 'retire', projections: [{ name: 'view', from: 2, bundle: 'view-2' }] },
    ]);
    expect((await env.build('view')).number).toBe(3);
  });

  test('of what is being built waits for its builder to end', async () => {
    const env = await environment(['view']);
    await env.build('view', { state: { kind: 'building' } });
    const lock = await takeLock(nodeFileSystem, env.directory, 'view');
    await expect(retire(retiring(env, 'view', 2))).rejects.toMatchObject({ code: 'REPLAY_RUNNING' });
    await lock.release();
    await retire(retiring(env, 'view', 2));
    expect(await states(env, 'view')).toEqual([[1, 'live']]);
  });

  test('tells which event logs nobody reads any more', async () => {
    const env = await environment(['view', 'reader'], { logs: [orders] });
    const second = { ...orders, version: 2 };
    await env.build('view', { logs: [second] });
    await promote({ ...forced(env, 'view') });
    expect((await retire(retiring(env, 'view', 1))).translationsNoLongerNeeded).toEqual([]);
    await env.build('reader', { logs: [second] });
    await promote({ ...forced(env, 'reader') });
    expect((await planRetire(retiring(env, 'reader', 1))).translationsNoLongerNeeded).toEqual([orders]);
    expect(
      (await retire({ ...retiring(env, 'reader', 1), keep: [orders] })).translationsNoLongerNeeded,
    ).toEqual([]);
    const again = await retire({ ...retiring(env, 'reader', 1), registered: [orders, second] });
    expect(again.translationsNoLongerNeeded).toEqual([orders]);
  });
});

describe('killed behind any call of the store and asked again', () => {
  /** Dies behind the first call, the second, ..., until it dies no more. Each time in an environment of its own. */
  async function dying(
    prepare: (env: Environment) => Promise<void>,
    work: (env: Environment) => Promise<unknown>,
    check: (env: Environment, last: unknown) => Promise<void>,
  ): Promise<number> {
    for (let nth = 1; ; nth += 1) {
      const env = await environment(['one', 'two']);
      await prepare(env);
      const died = await work({ ...env, store: killedAfter(env.store, nth) }).then(
        () => false,
        (error: unknown) => {
          if (error instanceof Killed) return true;
          throw error;
        },
      );
      await check(env, died ? await work(env) : undefined);
      if (!died) return nth;
    }
  }
  const buildBoth = async (env: Environment): Promise<void> => {
    for (const name of ['one', 'two']) await env.build(name);
  };
  const told = async ({ directory }: Environment): Promise<unknown> =>
    (await readHistory(directory)).map(({ action, epoch, projections }) => [
      action,
      epoch,
      projections.map(({ from, to }) => [from, to]),
    ]);

  test('a promotion comes to its end, once', async () => {
    const deaths = await dying(
      buildBoth,
      (env) => promote(forced(env, 'one', 'two')),
      async (env) => {
        expect(await env.store.pointer(env.group)).toMatchObject({ epoch: 2, live: { one: 2, two: 2 } });
        expect(await states(env, 'two')).toEqual([
          [1, 'ready'],
          [2, 'live'],
        ]);
        expect(await told(env)).toEqual([
          [
            'promote',
            2,
            [
              [1, 2],
              [1, 2],
            ],
          ],
        ]);
      },
    );
    expect(deaths).toBeGreaterThan(10);
  });

  test('a roll back goes back once, and no further', async () => {
    const twice = async (env: Environment): Promise<void> => {
      await buildBoth(env);
      await promote(forced(env, 'one', 'two'));
      await buildBoth(env);
      await promote(forced(env, 'one', 'two'));
    };
    await dying(
      twice,
      (env) => rollback(forced(env, 'one', 'two')),
      async (env) => {
        expect(await env.store.pointer(env.group)).toMatchObject({ epoch: 4, live: { one: 2, two: 2 } });
        expect(await states(env, 'one')).toEqual([
          [1, 'ready'],
          [2, 'live'],
          [3, 'ready'],
        ]);
        expect(await told(env)).toEqual([
          [
            'promote',
            2,
            [
              [1, 2],
              [1, 2],
            ],
          ],
          [
            'promote',
            3,
            [
              [2, 3],
              [2, 3],
            ],
          ],
          [
            'rollback',
            4,
            [
              [3, 2],
              [3, 2],
            ],
          ],
        ]);
      },
    );
  });

  test('a retirement comes to its end, once', async () => {
    await dying(
      buildBoth,
      (env) => retire(retiring(env, 'one', 2)),
      async (env) => {
        expect(await states(env, 'one')).toEqual([[1, 'live']]);
        expect(await readHistory(env.directory)).toMatchObject([
          { action: 'retire', projections: [{ name: 'one', from: 2 }] },
        ]);
      },
    );
  });
});
