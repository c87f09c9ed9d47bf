import { expect, test } from '@jest/globals';
import { memoryStore, type OrderedStore, type StoreWrite } from 'banyan/runtime';
import { openRowStore } from './open-row-store.ts';
import type { RowStore } from './row-store.ts';

const t = 'public.orders';
const indexes = { [t]: [['customer']] };

/** A store whose writes can be made to fail. */
function failing(store: OrderedStore, allowed: { writes: number }): OrderedStore {
  return {
    get: (key) => store.get(key),
    range: (prefix, after) => store.range(prefix, after),
    flush: () => store.flush(),
    clear: () => store.clear(),
    close: () => store.close(),
    write: async (writes: readonly StoreWrite[]) => {
      if (allowed.writes-- <= 0) throw new Error('the disk is gone');
      await store.write(writes);
    },
  };
}

function commit(
  rows: RowStore,
  position: number,
  ...orders: readonly (readonly [id: number, customer: string])[]
): void {
  rows.begin(position);
  for (const [id, customer] of orders) rows.put(t, [id], { id, customer });
  rows.commit();
}

const customersOf = (rows: RowStore, customer: string): unknown[] =>
  [...rows.byIndex(t, ['customer'], [customer])].map((row) => row['id']);

test('nothing is written before it is settled, and then it is', async () => {
  const store = memoryStore();
  const rows = await openRowStore({ store });
  commit(rows, 1, [1, 'ada']);
  commit(rows, 3, [2, 'bob']);
  await rows.flush();
  expect([rows.position, rows.committed]).toEqual([0, 3]);
  rows.settle(1);
  await rows.flush();
  // Both are in one layer, which has one value for each row.
  expect(rows.position).toBe(0);
  rows.settle(3);
  await rows.flush();
  expect(rows.position).toBe(3);
  await rows.close();
});

test('a write that is cut off twice, on the way to different positions, is mended by applying again', async () => {
  let store = memoryStore();
  const limits = { writeChanges: 1 };
  const open = (writes: number): Promise<RowStore> =>
    openRowStore({ store: failing(store, { writes }), indexes, limits });
  let rows = await open(Infinity);
  commit(rows, 1, [1, 'a'], [2, 'a'], [3, 'a']);
  rows.settle(1);
  await rows.flush();

  const history: readonly (readonly [number, string])[][] = [
    [
      [1, 'b'],
      [2, 'b'],
    ],
    [
      [3, 'b'],
      [1, 'c'],
    ],
    [
      [2, 'c'],
      [3, 'c'],
    ],
  ];
  for (const [upTo, writes] of [
    [4, 5],
    [3, 3],
    [4, 2],
  ] as const) {
    store = store.crash(() => 0);
    rows = await open(writes);
    const { recovering } = rows;
    for (let position = rows.position + 1; position <= upTo; position++) {
      commit(rows, position, ...(history[position - 2] ?? []));
    }
    rows.settle(upTo);
    await expect(rows.flush()).rejects.toThrow('the disk is gone');
    // The mark of the write that went furthest stays until everything up to it is there.
    if (recovering !== undefined) expect(recovering).toBe(4);
  }
  store = store.crash(() => 0);
  rows = await open(Infinity);
  expect([rows.position, rows.recovering]).toEqual([1, 4]);
  commit(rows, 2, ...(history[0] ?? []));
  rows.settle(2);
  await rows.flush();
  store = store.crash(() => 0);
  rows = await open(Infinity);
  expect([rows.position, rows.recovering]).toEqual([2, 4]);
  for (const [at, changes] of history.slice(1).entries()) {
    expect(() => customersOf(rows, 'a')).toThrow(expect.objectContaining({ code: 'ROWS_RECOVERING' }));
    expect(() => rows.get(t, [1])).toThrow(expect.objectContaining({ code: 'ROWS_RECOVERING' }));
    commit(rows, at + 3, ...changes);
  }
  expect([customersOf(rows, 'a'), customersOf(rows, 'b'), customersOf(rows, 'c')]).toEqual([
    [],
    [],
    [1, 2, 3],
  ]);
  await rows.close();
});

test('a failed write is told by ready, flush and close, and leaves the rows as they were', async () => {
  const rows = await openRowStore({
    store: failing(memoryStore(), { writes: 1 }),
    limits: { memoryBytes: 1 },
  });
  commit(rows, 1, [1, 'ada']);
  rows.settle(1);
  await expect(rows.flush()).rejects.toThrow('the disk is gone');
  await expect(rows.ready()).rejects.toThrow('the disk is gone');
  expect(rows.get(t, [1])).toEqual({ id: 1, customer: 'ada' });
  await rows.close();

  const untold = await openRowStore({ store: failing(memoryStore(), { writes: 1 }) });
  commit(untold, 1, [1, 'ada']);
  untold.settle(1);
  await expect(untold.close()).rejects.toThrow('the disk is gone');
});

test('a transaction larger than memory goes to scratch, and memory stays bounded', async () => {
  const [store, scratch] = [memoryStore(), memoryStore()];
  const rows = await openRowStore({ store, scratch, limits: { memoryBytes: 20_000, flushBytes: 5_000 } });
  rows.begin(1);
  for (let id = 0; id < 2_000; id++) {
    rows.put(t, [id], { id, customer: 'x'.repeat(50) });
    if (rows.full) await rows.ready();
    expect(rows.full).toBe(false);
  }
  expect([...scratch.range(Buffer.alloc(0))].length).toBeGreaterThan(1_500);
  expect([...rows.rows(t)]).toHaveLength(2_000);
  rows.commit();
  rows.settle(1);
  await rows.flush();
  expect([...rows.rows(t)].map((row) => row['id'])).toEqual(Array.from({ length: 2_000 }, (_, id) => id));
  expect([...scratch.range(Buffer.alloc(0))]).toEqual([]);
  await rows.close();
});

test('rows may be changed, and written, while they are read', async () => {
  const rows = await openRowStore({
    store: memoryStore(),
    scratch: memoryStore(),
    limits: { memoryBytes: 1_000 },
  });
  commit(rows, 1, ...Array.from({ length: 300 }, (_, id) => [id, 'ada'] as const));
  rows.settle(1);
  rows.begin(2);
  let drained = 0;
  for (const row of rows.drain(t)) {
    expect(rows.get(t, [row['id'] ?? null])).toBeUndefined();
    drained++;
    await rows.ready();
  }
  expect(drained).toBe(300);
  expect([...rows.rows(t)]).toEqual([]);
  rows.abort();
  expect([...rows.rows(t)]).toHaveLength(300);
  await rows.close();
});

test('other indexes empty the store, which is filled from the log again', async () => {
  let store = memoryStore();
  let rows = await openRowStore({ store });
  commit(rows, 7, [1, 'ada']);
  rows.settle(7);
  await rows.flush();
  store = store.crash(() => 0);
  rows = await openRowStore({ store, indexes });
  expect([rows.position, rows.committed, rows.get(t, [1])]).toEqual([0, 0, undefined]);
  await rows.close();
});

test('clear empties it, the open transaction included', async () => {
  const rows = await openRowStore({ store: memoryStore(), indexes });
  commit(rows, 7, [1, 'ada']);
  rows.settle(7);
  await rows.flush();
  rows.begin(8);
  rows.put(t, [2], { id: 2, customer: 'ada' });
  await rows.clear();
  expect([rows.position, rows.committed, customersOf(rows, 'ada')]).toEqual([0, 0, []]);
  commit(rows, 1, [3, 'ada']);
  rows.settle(1);
  await rows.flush();
  expect([rows.position, customersOf(rows, 'ada')]).toEqual([1, [3]]);
  await rows.close();
});

test('an index answers for its columns in any order, and says when there is none', async () => {
  const rows = await openRowStore({ store: memoryStore(), indexes: { [t]: [['b', 'a']] } });
  rows.begin(1);
  rows.put(t, [1], { id: 1, a: 'x', b: null });
  rows.put(t, [2], { id: 2, a: 'x' });
  rows.commit();
  expect([...rows.byIndex(t, ['a', 'b'], ['x', null])]).toEqual([{ id: 1, a: 'x', b: null }]);
  expect(() => [...rows.byIndex(t, ['a'], ['x'])]).toThrow(
    expect.objectContaining({ code: 'ROWS_NO_INDEX', message: expect.stringContaining('(a, b)') }),
  );
  await rows.close();
});

test('positions go up, and changes are made in a transaction', async () => {
  const rows = await openRowStore({ store: memoryStore() });
  const outOfOrder = expect.objectContaining({ code: 'ROWS_OUT_OF_ORDER' });
  expect(() => {
    rows.put(t, [1], {});
  }).toThrow(outOfOrder);
  commit(rows, 2);
  expect(() => {
    rows.begin(2);
  }).toThrow(outOfOrder);
  rows.begin(3);
  expect(() => {
    rows.begin(4);
  }).toThrow(outOfOrder);
  await rows.close();
});

test('columns of any name are kept', async () => {
  const rows = await openRowStore({ store: memoryStore() });
  const row = JSON.parse('{"id":1,"__proto__":"p","constructor":null,"10":1,"2":[{"a":"ä"}]}') as Record<
    string,
    string
  >;
  rows.begin(1);
  rows.put(t, [1], row);
  expect(JSON.stringify(rows.get(t, [1]))).toBe(JSON.stringify(row));
  await rows.close();
});
