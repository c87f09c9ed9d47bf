import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { projection } from 'banyan/projections';
import { z } from 'zod';
import { settled, write } from '../../projections/testing/examples.ts';
import { parked } from '../../projections/testing/unsettled-items.ts';
import type { Bundle, BundleStore } from '../bundles/bundle.ts';
import { appendHistory } from '../history/history.ts';
import type { ReplayProject } from '../project.ts';
import { createEnvironment, type Environment } from '../testing/environment.ts';
import { planReplay } from './plan.ts';
import { describeReason } from './reasons.ts';

let environment: Environment;
beforeEach(async () => {
  environment = await createEnvironment(['order', 'customer']);
  const live = { projection: 'order', number: 1 };
  const items = [settled('a', 1), ...['b', 'c'].map((key) => parked(key, 2))];
  await environment.store.writeMany(
    live,
    items.map((item) => write(item)),
  );
});
afterEach(() => environment.close());

function bundle(hash: string): Bundle {
  return { hash, kind: 'projection', name: hash, inputs: {}, text: '', sourceMap: '' };
}

/** The project, its code being that of these bundles. */
function project(order: string): ReplayProject {
  const { directory, store, group } = environment;
  const nothing = (): never => {
    throw new Error('nothing is built here');
  };
  const bundles: BundleStore = {
    ...{ put: nothing, path: nothing, projection: nothing, translation: nothing },
    info: async (hash) => bundle(hash),
  };
  const projections = [
    { projection: projection('order', z.object({})), bundle: bundle(order), logs: [] },
    { projection: projection('customer', z.object({})), bundle: bundle('customer-1'), logs: [] },
  ];
  const owner = { team: 'checkout', contact: 'checkout@example.com' };
  return {
    directory,
    store,
    bundles,
    groups: [{ name: group, owner, translation: undefined, projections }],
  };
}

test('parked keys are told of every view; with other code they are a reason to build a new generation', async () => {
  const keys = [expect.objectContaining({ key: 'b' }), expect.objectContaining({ key: 'c' })];
  const told = { projection: 'order', group: 'orders', live: 1, count: 2, first: keys };
  expect(await planReplay(project('order-1'))).toMatchObject({
    views: [],
    current: ['order', 'customer'],
    parked: [{ ...told, isFoldedAnew: false }],
  });
  const { views, parked: found } = await planReplay(project('order-2'));
  expect(found).toEqual([{ ...told, isFoldedAnew: true }]);
  expect(views.map(({ reasons }) => reasons.map(describeReason))).toEqual([
    [expect.stringMatching(/code changed/), '2 of its keys are parked'],
  ]);
  expect((await planReplay(project('order-2'), ['customer'])).parked).toEqual([]);
});

test('a rebuild that may take longer than queues keep events is warned of', async () => {
  const keeping = async (retentionSeconds: number | undefined, writeRate?: number, order = 'order-2') => {
    const given = { ...project(order), ...(retentionSeconds !== undefined && { retentionSeconds }) };
    return (await planReplay(given, [], writeRate)).warnings;
  };
  // Three documents, one a second: 3 s, and twice as long with what an estimate may be wrong by.
  const told = { code: 'REPLAY_RETENTION', projection: 'order', seconds: 3, retentionSeconds: 5 };
  expect(await keeping(5, 1)).toEqual([{ ...told, message: expect.stringContaining('longer retention') }]);
  expect(await keeping(6, 1)).toEqual([]);
  expect(await keeping(5)).toEqual([]);
  expect(await keeping(undefined, 1)).toEqual([]);
  expect(await keeping(5, 1, 'order-1')).toEqual([]);
});

test('the estimate is by the rebuild before, else by what the store says, and says which', async () => {
  const { directory, store, group } = environment;
  const given = project('order-2');
  const cost = async (of: Partial<ReplayProject> = {}, writeRate?: number) =>
    (await planReplay({ ...given, ...of }, ['order'], writeRate)).views[0]?.cost;
  expect(await cost()).toMatchObject({ seconds: 1, basis: { kind: 'measured' }, writeUnits: 3 });
  const bounded = { store: { ...store, writeUnitsPerSecond: 0.1 } };
  expect(await cost(bounded)).toMatchObject({ seconds: 30, basis: { kind: 'store', writeUnits: 0.1 } });
  await appendHistory(directory, {
    ...{ action: 'finish', group, projections: [{ name: 'order', to: 1, bundle: 'order-1' }] },
    figures: { events: 9, documents: 6, seconds: 12 },
  });
  // Three documents, two seconds each.
  expect(await cost(bounded)).toMatchObject({ seconds: 6, basis: { kind: 'rebuild', generation: 1 } });
  expect(await cost(bounded, 0.25)).toMatchObject({ seconds: 12, basis: { kind: 'rebuild' } });
});

test('a view that stands still as a whole is told too', async () => {
  const { store } = environment;
  const id = { projection: 'customer', number: 1 };
  const { revision, ...tracking } = await store.tracking(id);
  const standsAt = { eventId: 'shop:orders@1:3:0', code: 'KEY_INVALID', message: 'no key' };
  await store.changeTracking(id, revision, { ...tracking, parked: standsAt });
  expect((await planReplay(project('order-1'), ['customer'])).parked).toEqual([
    { projection: 'customer', group: 'orders', live: 1, count: 0, first: [], standsAt, isFoldedAnew: false },
  ]);
});
