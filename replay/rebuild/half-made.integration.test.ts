import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ViewStore } from 'banyan/projections';
import { dynamodbViews } from 'banyan/projections/dynamodb';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { faultyClient } from '../../projections/dynamodb/testing/faulty-client.ts';
import { counters } from '../../projections/testing/counters.ts';
import { rebuild } from './rebuild.ts';
import { makeWorld, orders, timeAt, type World } from './testing/world.ts';

const dynamodb = await emulator('dynamodb');

/*
 * A store that makes and drops tables has rows of generations that are neither there nor gone, when whoever was at it
 * was killed.
 */
describeWith([dynamodb], 'a generation that was left half made or half dropped', () => {
  let world: World;
  let store: ViewStore;
  /** The operation at which the process dies. */
  let deadly: string | undefined;
  beforeEach(async () => {
    deadly = undefined;
    world = await makeWorld({ logs: [orders] });
    await world.append(orders, timeAt(1), [{ type: 'Counted', data: { keys: ['a'] } }]);
    const client = faultyClient(dynamodb, {
      faultOf: (operation) => (operation === deadly ? 'denied' : 'none'),
    });
    store = dynamodbViews({ client, prefix: uniqueName(), shards: 2 });
    await store.prepare();
  });
  afterEach(async () => {
    await store.close();
    await world.close();
  });

  const build = (bundle: string, more = {}) => rebuild(world.options({ store, bundle, ...more }));

  test('is dropped, and its number is not given to other code', async () => {
    deadly = 'CreateTable';
    await expect(build('A')).rejects.toMatchObject({ code: 'VIEW_STORE_REFUSED' });
    deadly = undefined;
    expect((await build('B')).generation).toMatchObject({ number: 2, bundle: 'B' });
    expect(await store.generations(counters.name)).toMatchObject([
      { number: 2, bundle: 'B', state: { kind: 'ready' } },
    ]);
  });

  test('is made on by the same code, under its number', async () => {
    for (const operation of ['CreateTable', 'PutItem']) {
      deadly = operation;
      await expect(build('A')).rejects.toMatchObject({ code: 'VIEW_STORE_REFUSED' });
    }
    deadly = undefined;
    expect((await build('A')).generation).toMatchObject({ number: 1, bundle: 'A' });
  });

  test('that was begun to be dropped for other code is gone, and its number with it', async () => {
    const lost = { probe: async () => undefined, patienceMs: 0, everyMs: 1 };
    await expect(build('A', { subscription: lost })).rejects.toMatchObject({ code: 'REPLAY_NOT_SUBSCRIBED' });
    deadly = 'DeleteTable';
    await expect(build('B')).rejects.toMatchObject({ code: 'VIEW_STORE_REFUSED' });
    deadly = undefined;
    expect((await build('B')).generation).toMatchObject({ number: 2, bundle: 'B' });
    expect((await build('A')).generation).toMatchObject({ number: 3, bundle: 'A' });
    expect((await store.generations(counters.name)).map(({ number }) => number)).toEqual([2, 3]);
  });
});
