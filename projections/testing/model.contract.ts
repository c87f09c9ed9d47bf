import { expect, test } from '@jest/globals';
import { canonicalJson } from 'banyan/runtime';
import fc from 'fast-check';
import type { GenerationId, Item, ViewStore } from '../view-store.ts';
import { allPages, at, byGroup, exampleGeneration, settled, tombstone, write } from './examples.ts';

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
const one = fc.record({
  key,
  group: fc.option(fc.constantFrom('g', 'h'), { nil: undefined }),
  sort,
  remove: fc.boolean(),
  /** A wrong condition now and then. */
  stale: fc.nat(5).map((n) => n === 0),
  n: fc.nat(),
});
const history = fc.array(fc.uniqueArray(one, { selector: (write) => write.key, maxLength: 12 }), {
  maxLength: 8,
});
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
        for (const batch of batches) await applied(store(), id, model, batch);
        await same(store(), id, model, order, limit);
        const old = [...model.values()].filter(
          ({ item }) => item.state.kind === 'removed' && item.revision < purgeBefore,
        );
        expect(await store().purgeRemoved(id, at(purgeBefore).logTime)).toBe(old.length);
        for (const { item } of old) model.delete(item.key);
        await same(store(), id, model, order, limit);
        await store().dropGeneration(id);
      }),
      { numRuns: process.env['BANYAN_LONG'] ? 500 : 25 },
    );
  });
}

async function applied(
  store: ViewStore,
  id: GenerationId,
  model: Map<string, Known>,
  batch: readonly {
    key: string;
    group: string | undefined;
    sort: Sort;
    remove: boolean;
    stale: boolean;
    n: number;
  }[],
): Promise<void> {
  const writes = batch.map((made) => {
    const before = model.get(made.key)?.item.revision;
    const expected = made.stale ? (before ?? 0) + 1 : before;
    const revision = (expected ?? made.n % 50) + 1;
    const item = made.remove ? tombstone(made.key, revision) : settled(made.key, revision, { n: made.n });
    return { made, item, expected };
  });
  const { conflicts } = await store.writeMany(
    id,
    writes.map(({ made: { group, sort, remove }, item, expected }) =>
      write(
        item,
        expected,
        group === undefined || remove ? undefined : { group, ...(sort !== undefined && { sort }) },
      ),
    ),
  );
  expect([...conflicts].sort()).toEqual(
    batch
      .filter(({ stale }) => stale)
      .map((made) => made.key)
      .sort(),
  );
  for (const { made, item } of writes) {
    if (!made.stale)
      model.set(made.key, { item, group: made.remove ? undefined : made.group, sort: made.sort });
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
