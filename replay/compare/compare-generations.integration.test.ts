import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  postgresViews,
  type AtomicViewStore,
  type Document,
  type GenerationId,
  type Item,
} from 'banyan/projections';
import { testDatabase } from '../../kit/test-database.ts';
import { at, exampleGeneration, settled, write } from '../../projections/testing/examples.ts';
import { parked, troubledItem } from '../../projections/testing/unsettled-items.ts';
import { replayDirectory } from '../places.ts';
import { feedView, interrupted, type MadeEvent, type MadeFold } from '../testing/fed-views.ts';
import { compareGenerations } from './compare-generations.ts';
import { readComparison, writeComparison } from './comparison-file.ts';

const log = { source: 'shop', translation: 'orders', version: 1 };
let directory: string;
let store: AtomicViewStore;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banyan-compare-'));
  store = postgresViews({ connectionString: await testDatabase('compare') });
  await store.prepare();
});
afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true });
});

const amounts: MadeFold = (document, { amount }) => ({
  total: Number(document?.['total'] ?? 0) + amount,
  n: Number(document?.['n'] ?? 0) + 1,
});
const mended: MadeFold = (document, event) => {
  const made = amounts(document, event) as Document;
  return event.key.endsWith('7') ? { ...made, coupon: 'SPRING' } : made;
};

async function twoViews(): Promise<
  readonly [
    Awaited<ReturnType<AtomicViewStore['createGeneration']>>,
    Awaited<ReturnType<AtomicViewStore['createGeneration']>>,
  ]
> {
  const live = await store.createGeneration(exampleGeneration({ state: { kind: 'live' }, logs: [log] }));
  return [live, await store.createGeneration({ ...live, number: 2, state: { kind: 'ready' } })];
}

test('on Postgres, fed meanwhile: what the code changes, no more and no less; kept and read again', async () => {
  const [live, next] = await twoViews();
  const keys = Array.from({ length: 1200 }, (_, n) => `k${n}`);
  const events = [...keys, ...Array.from({ length: 3000 }, (_, n) => `k${(n * 17) % 40}`)].map(
    (key, n): MadeEvent => ({
      at: at(n + 1),
      log,
      key,
      kind: 'add',
      amount: 1 + (n % 7),
    }),
  );
  const views = [feedView(store, live, events, amounts), feedView(store, next, events, mended)] as const;
  await views[0].feed(1300);
  await views[1].feed(1200);
  let turn = 0;
  const between = async (): Promise<void> => {
    turn += 1;
    const view = views[turn % 3 === 0 ? 1 : 0];
    await (view.isAtEnd ? views[1] : view).feed(view.isAtEnd ? 300 : 60);
  };
  const compared = await compareGenerations({
    store: interrupted(store, between),
    projection: live.projection,
    live: 1,
    next: 2,
    expect: { kind: 'fields', fields: ['coupon'] },
  });
  expect(compared).toMatchObject({
    documents: { added: 0, removed: 0, changed: 120, unchanged: 1080 },
    fields: [{ path: 'coupon', changed: 120 }],
    unexplained: { count: 0, listed: [] },
    unsettled: 0,
    expectation: 'fields coupon',
  });
  expect(compared.fields[0]?.samples[0]).toEqual({ key: 'k1007', after: 'SPRING' });
  expect(await readComparison(directory, next)).toBeUndefined();
  await writeComparison(directory, compared);
  expect(await readComparison(directory, next)).toEqual(compared);
  await writeFile(join(replayDirectory(directory, next), 'diff.json'), '{"projection":"x"}');
  await expect(readComparison(directory, next)).rejects.toMatchObject({ code: 'COMPARISON_BROKEN' });
});

test('that nobody feeds are not waited for: keys behind what both have are unsettled, unless the logs end there', async () => {
  const [live, next] = await twoViews();
  const upTo = (position: number) => ({ 'shop:orders@1': { position } });
  const writes = (document: Document) =>
    ['a', 'b'].map((key, n) => write(settled(key, 8 + 2 * n, { ...document, key })));
  await store.commit(live, { writes: writes({ x: 1 }), expected: {}, next: upTo(10) });
  await store.commit(next, { writes: writes({ x: 2 }).slice(0, 1), expected: {}, next: upTo(9) });
  const options = { store, projection: live.projection, live: 1, next: 2, settleMs: 60_000 };
  // Each is behind event 9; what the next one would make of b, whose event is the tenth, nobody knows.
  const still = await compareGenerations({ ...options, stillMs: 1 });
  expect(still).toMatchObject({ documents: { changed: 1, removed: 1 }, unsettled: 1 });
  expect(still.unexplained.listed).toEqual(
    [
      { key: 'b', kind: 'removed', fields: [], settled: false },
      { key: 'a', kind: 'changed', fields: ['x'], settled: true },
    ].sort((one, other) => (one.key < other.key ? -1 : 1)),
  );
  const atEnd = await compareGenerations({ ...options, heads: async () => 9 });
  expect(atEnd).toMatchObject({ documents: { changed: 1, removed: 1 }, unsettled: 0 });
});

test('a key that waits for its catch-up is read again until it has had it; parked ones are counted', async () => {
  const [live, next] = await twoViews();
  const upTo = (position: number) => ({ 'shop:orders@1': { position } });
  const commit = (id: GenerationId, position: number, ...items: readonly Item[]) =>
    store.commit(id, {
      writes: items.map((item) => write(item)),
      expected: position === 5 ? {} : upTo(position - 1),
      next: upTo(position),
    });
  const waiting = troubledItem('a', 3, 'window');
  await commit(live, 5, waiting, parked('b', 3), settled('c', 3, { of: 3 }), parked('d', 3, { of: 4 }));
  await commit(next, 5, settled('a', 3, { of: 3 }), settled('b', 4), parked('c', 3), parked('d', 3));
  const options = { store, projection: live.projection, live: 1, next: 2, heads: async () => 5 };
  const stuck = await compareGenerations({ ...options, stillMs: 1 });
  expect(stuck.parked).toMatchObject({ live: 2, next: 2, freed: 1, added: 1, listed: [{ key: 'c' }] });
  expect(stuck).toMatchObject({
    documents: { changed: 2, unchanged: 2 },
    unexplained: { count: 1, listed: [{ key: 'd', fields: ['of'] }] },
    unsettled: 1,
  });
  let asked = 0;
  const catchUp = async (): Promise<void> => {
    asked += 1;
    if (asked !== 15) return;
    await store.writeMany(live, [write(settled('a', 5, { of: 3 }), waiting.revision)]);
    await commit(live, 6);
  };
  const compared = await compareGenerations({ ...options, store: interrupted(store, catchUp) });
  expect(compared).toMatchObject({ documents: { changed: 2, unchanged: 2 }, unsettled: 0 });
  expect(asked).toBeGreaterThanOrEqual(15);
  await writeComparison(directory, compared);
  expect((await readComparison(directory, next))?.parked).toEqual(compared.parked);
});

test('is refused for what cannot be compared, and ends when it is asked to', async () => {
  const [live, next] = await twoViews();
  const options = { store, projection: live.projection, live: 1, next: 2 };
  await expect(compareGenerations({ ...options, next: 1 })).rejects.toMatchObject({ code: 'REPLAY_NOTHING' });
  await expect(compareGenerations({ ...options, next: 3 })).rejects.toMatchObject({
    code: 'GENERATION_UNKNOWN',
  });
  await store.changeGeneration(next, 'ready', { state: { kind: 'failed', why: 'x' }, floor: {} });
  await expect(compareGenerations(options)).rejects.toMatchObject({ code: 'REPLAY_NOT_READY' });
  await store.changeGeneration(next, 'failed', { state: { kind: 'ready' }, floor: {} });
  await store.writeMany(live, [write(settled('a', 1))]);
  await expect(
    compareGenerations({ ...options, signal: AbortSignal.abort(new Error('enough')) }),
  ).rejects.toThrow('enough');
});
