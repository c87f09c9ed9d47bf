import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { event } from 'banyan/events';
import { projection, type AnyProjection, type GenerationState } from 'banyan/projections';
import { silentLogger } from 'banyan/runtime';
import { z } from 'zod';
import type { Bundle } from '../bundles/bundle.ts';
import { readHistory } from '../history/history.ts';
import type { ReplayProject } from '../project.ts';
import type { Subscription } from '../rebuild/subscription.ts';
import { makeWorld, orders, timeAt, type World } from '../rebuild/testing/world.ts';
import { planStart } from './plan-start.ts';
import { startReplay, type StartOptions } from './start-replay.ts';

const names = ['one', 'two', 'three'];
const Counted = event('Counted', z.object({ keys: z.array(z.string()) }));

let world: World;
beforeEach(async () => {
  world = await makeWorld({ logs: [orders] });
  for (let at = 1; at <= 20; at += 1)
    await world.append(orders, timeAt(at), [{ type: 'Counted', data: { keys: [`k${String(at % 5)}`] } }]);
});
afterEach(() => world.close());

function codeOf(name: string): AnyProjection {
  return projection(name, z.object({ count: z.int() })).on(Counted, {
    key: ({ keys }) => keys,
    apply: (document) => ({ count: (document?.count ?? 0) + 1 }),
  });
}

function bundleOf(name: string): Bundle {
  return { hash: name, kind: 'projection', name, inputs: {}, text: '', sourceMap: '' };
}

/** A project in which no view was ever built. */
function project(): ReplayProject {
  const projections = names.map((name) => ({
    projection: codeOf(name),
    bundle: bundleOf(name),
    logs: [orders],
  }));
  return {
    directory: world.directory,
    store: world.store,
    bundles: {
      put: async () => undefined,
      path: (hash) => hash,
      info: async (hash) => bundleOf(hash),
      projection: async (hash) => codeOf(hash),
      translation: () => Promise.reject(new Error('nothing is translated')),
    },
    groups: [
      {
        name: 'test',
        owner: { team: 'checkout', contact: '#checkout' },
        translation: undefined,
        projections,
      },
    ],
  };
}

async function start(subscription?: Subscription, more: Partial<StartOptions> = {}): Promise<void> {
  const of = project();
  const { signal } = new AbortController();
  const building = { workers: 0, ...(subscription && { subscription }) };
  const plan = await planStart(of, names);
  await startReplay(plan, { project: of, logger: silentLogger, signal, building, ...more });
}

const statesOf = async (name: string): Promise<readonly GenerationState['kind'][]> =>
  (await world.store.generations(name)).map(({ state }) => state.kind);

const told = async (): Promise<readonly string[]> =>
  (await readHistory(world.directory)).map(
    ({ action, projections: [view] }) => `${action} ${String(view?.name)}`,
  );

describe('views of which nothing is live', () => {
  test('are built and go live by themselves; afterwards there is nothing to start', async () => {
    const live: string[] = [];
    await start(undefined, { onLive: async (name) => void live.push(name) });
    expect(live).toEqual(names);
    expect(await world.store.pointer('test')).toMatchObject({ live: { one: 1, two: 1, three: 1 } });
    for (const name of names) expect(await statesOf(name)).toEqual(['live']);
    expect(await told()).toEqual(
      names.flatMap((name) => ['start', 'finish', 'promote'].map((action) => `${action} ${name}`)),
    );
    await expect(start()).rejects.toMatchObject({ code: 'REPLAY_NOTHING' });
  });

  test('built by a start that was killed then, go live with the next', async () => {
    const killed = new Error('killed');
    const onFolded = async (name: string): Promise<void> => {
      if (name === 'two') throw killed;
    };
    await expect(start(undefined, { onFolded })).rejects.toBe(killed);
    expect(await Promise.all(names.map(statesOf))).toEqual([['live'], ['ready'], []]);
    await start();
    expect(await Promise.all(names.map(statesOf))).toEqual([['live'], ['live'], ['live']]);
  });
});

describe('views that wait for their subscriptions', () => {
  test('wait together, and each is ready as soon as its own works', async () => {
    const waiting = new Set<string>();
    const ready: string[] = [];
    await start(
      {
        // Deployed when all are folded, the last one first.
        probe: async ({ subscription, id }) => {
          const name = subscription.replace(/\.g1$/, '');
          const isDeployed = ready.length === names.length - 1 - names.indexOf(name);
          if (waiting.size < names.length || !isDeployed) return;
          const state = { kind: 'building', heard: id } as const;
          await world.store.changeGeneration({ projection: name, number: 1 }, 'building', {
            state,
            floor: {},
          });
        },
        onWaiting: (name) => void waiting.add(name),
        everyMs: 5,
      },
      { onLive: async (name) => void ready.push(name) },
    );
    expect(ready).toEqual([...names].reverse());
  });

  test('end when one of them fails, and go on with the next start', async () => {
    const waiting = new Set<string>();
    const subscription: Subscription = {
      probe: async (probe) => {
        if (probe.subscription === 'two.g1' && waiting.size === 2) throw new Error('the bus is gone');
      },
      onWaiting: (name) => void waiting.add(name),
      everyMs: 5,
    };
    await expect(start(subscription)).rejects.toThrow('the bus is gone');
    expect(await Promise.all(names.slice(0, 2).map(statesOf))).toEqual([['building'], ['building']]);
    // The others ended because of it: nothing is wrong with them.
    expect((await told()).filter((line) => line.startsWith('fail'))).toEqual(['fail two']);
    await start();
    expect(await world.store.pointer('test')).toMatchObject({ live: { one: 1, two: 1, three: 1 } });
  });
});
