import { expect, test } from '@jest/globals';
import { canonicalJson } from 'banyan/runtime';
import fc from 'fast-check';
import type { Progress } from 'banyan/events';
import { isOnAccount } from '../../kit/aws/account.ts';
import { troubleOf } from '../item-state.ts';
import type { GenerationId, Item, ViewStore } from '../view-store.ts';
import { byIndex, expectPurged } from './by-index.ts';
import { allPages, at, byGroup, exampleGeneration, settled, tombstone, write } from './examples.ts';
import { open, troubledItem } from './unsettled-items.ts';

type Sort = string | number | undefined;
interface Known {
  readonly item: Item;
  readonly group: string | undefined;
  readonly sort: Sort;
}

const key = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
);
const sort = fc.option(
  fc.oneof(
    fc.double({ noNaN: true }),
    fc.integer({ min: -3, max: 3 }),
    fc.string({ unit: 'binary', maxLength: 3 }),
  ),
  { nil: undefined },
);
const kinds = ['settled', 'settled', 'removed', 'removed', 'open', 'doubt', 'window', 'parked'] as const;
const one = fc.record({
  key,
  group: fc.option(fc.constantFrom('g', 'h'), { nil: undefined }),
  sort,
  kind: fc.constantFrom(...kinds),
  /** The position that a new item is made of. */
  madeOf: fc.option(fc.nat(20), { nil: undefined }),
  /** A wrong condition now and then. */
  stale: fc.nat(5).map((n) => n === 0),
  n: fc.nat(),
});
type Made = typeof one extends fc.Arbitrary<infer Value> ? Value : never;
const batch = fc.record({
  writes: fc.uniqueArray(one, { selector: (write) => write.key, maxLength: 12 }),
  /** Where the watermark stands when they are written. */
  watermark: fc.nat(20),
});
const history = fc.array(batch, { maxLength: 8 });
const question = fc.record({
  order: fc.constantFrom('ascending' as const, 'descending' as const),
  limit: fc.integer({ min: 1, max: 5 }),
  purgeBefore: fc.nat(60),
});

/** Any history of batches, beside a naive model. */
export function modelContract(store: () => ViewStore): void {
  test('whatever is written, reads, pages, counts and purges are those of a naive model', async () => {
    await fc.assert(
      fc.asyncProperty(history, question, async (batches, { order, limit, purgeBefore }) => {
        const id = await store().createGeneration(exampleGeneration());
        const model = new Map<string, Known>();
        for (const { writes, watermark } of batches) {
          const { revision, ...tracking } = await store().tracking(id);
          await store().changeTracking(id, revision, { ...tracking, watermark: upTo(watermark) });
          await applied(store(), id, model, writes, watermark);
        }
        await same(store(), id, model, order, limit);
        const old = [...model.values()].filter(({ item }) => isGone(item) && item.revision < purgeBefore);
        await expectPurged(store(), id, at(purgeBefore).logTime, old.length);
        for (const { item } of old) model.delete(item.key);
        await same(store(), id, model, order, limit);
        await store().dropGeneration(id);
      }),
      // With indexes that are late a failure takes long to be one: it is told as it is.
      { numRuns: runsOf(store()), endOnFailure: store().hasEventualIndexes === true },
    );
  });
}

/** Each makes a view, which takes an account seconds. */
function runsOf(store: ViewStore): number {
  if (store.hasEventualIndexes && isOnAccount) return 5;
  return process.env['BANYAN_LONG'] ? 500 : 25;
}

/** How far the one log of this suite has been read. */
function upTo(position: number): Progress {
  return { 'shop:orders@1': { position } };
}

function itemOf({ key, kind, n }: Made, revision: number): Item {
  switch (kind) {
    case 'settled':
      return settled(key, revision, { n });
    case 'removed':
      return tombstone(key, revision);
    case 'open':
      return open(key, revision, [revision], n % 2 ? { document: { n } } : {});
    default:
      return troubledItem(key, revision, kind);
  }
}

/** Whether nothing is left of it but its place in time. */
function isGone({ state, document }: Item): boolean {
  return state.kind === 'removed' || (state.kind === 'open' && document === undefined && !state.doubt);
}

async function applied(
  store: ViewStore,
  id: GenerationId,
  model: Map<string, Known>,
  batch: readonly Made[],
  watermark: number,
): Promise<void> {
  const writes = batch.map((made) => {
    const before = model.get(made.key)?.item.revision;
    const expected = made.stale ? (before ?? 0) + 1 : before;
    const item = itemOf(made, (expected ?? made.n % 50) + 1);
    const isCovered = expected === undefined && made.madeOf !== undefined && made.madeOf <= watermark;
    return { made, item, expected, isLost: made.stale || isCovered };
  });
  const { conflicts } = await store.writeMany(
    id,
    writes.map(({ made: { group, sort, madeOf }, item, expected }) => ({
      ...write(
        item,
        expected,
        group === undefined || !item.document ? undefined : { group, ...(sort !== undefined && { sort }) },
      ),
      ...(madeOf !== undefined && { madeOf: upTo(madeOf) }),
    })),
  );
  const lost = writes.filter(({ isLost }) => isLost).map(({ item }) => item.key);
  expect([...conflicts].sort()).toEqual(lost.sort());
  for (const { made, item, isLost } of writes) {
    if (!isLost) model.set(made.key, { item, group: item.document && made.group, sort: made.sort });
  }
}

async function same(
  store: ViewStore,
  id: GenerationId,
  model: ReadonlyMap<string, Known>,
  order: 'ascending' | 'descending',
  limit: number,
): Promise<void> {
  const all = [...model.values()].sort((a, b) => compare(a.item.key, b.item.key));
  const scanned = await allPages((after) => store.scan(id, { limit, ...(after !== undefined && { after }) }));
  expect(texts(scanned)).toEqual(texts(all.map(({ item }) => item)));
  expect(texts((await store.readMany(id, [...model.keys(), 'none'])).values()).sort()).toEqual(
    texts(scanned).sort(),
  );
  expect(await store.count(id)).toBe(all.filter(({ item }) => item.document).length);
  await byIndex(store, () => sameByIndex(store, id, all, order, limit));
}

async function sameByIndex(
  store: ViewStore,
  id: GenerationId,
  all: readonly Known[],
  order: 'ascending' | 'descending',
  limit: number,
): Promise<void> {
  for (const trouble of ['doubt', 'window', 'parked'] as const) {
    const found = await allPages((after) =>
      store.troubled(id, trouble, { limit, ...(after !== undefined && { after }) }),
    );
    expect(texts(found)).toEqual(
      texts(all.filter(({ item }) => troubleOf(item.state) === trouble).map(({ item }) => item)),
    );
  }
  for (const partition of ['g', 'h']) {
    const expected = all.filter(({ group }) => group === partition).sort(bySort);
    const found = await allPages((after) =>
      store.query(id, { index: byGroup, partition, limit, order, ...(after !== undefined && { after }) }),
    );
    const inOrder = order === 'ascending' ? expected : expected.reverse();
    expect(texts(found)).toEqual(texts(inOrder.map(({ item }) => item)));
  }
}

/** Nothing, then numbers by size, then texts by code unit; then the key. */
function bySort(a: Known, b: Known): number {
  const rank = (value: Sort): number => ['undefined', 'number', 'string'].indexOf(typeof value);
  return (
    rank(a.sort) - rank(b.sort) || compare(a.sort ?? '', b.sort ?? '') || compare(a.item.key, b.item.key)
  );
}

function compare(a: string | number, b: string | number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function texts(items: Iterable<Item>): string[] {
  return [...items].map(canonicalJson);
}
