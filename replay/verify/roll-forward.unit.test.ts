import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { event, type DomainEvent } from 'banyan/events';
import { projection, type Item } from 'banyan/projections';
import { z } from 'zod';
import { makeWorld, orders, timeAt, type World } from '../rebuild/testing/world.ts';
import { rollForward } from './roll-forward.ts';

const Added = event('Added', z.object({ key: z.string(), n: z.int() }));
const sums = projection('sums', z.object({ numbers: z.array(z.int()) })).on(Added, {
  key: ({ key }) => key,
  apply: (document, { n }) => {
    if (n < 0) throw new Error('no');
    return { numbers: [...(document?.numbers ?? []), n] };
  },
});

let world: World;
beforeEach(async () => {
  world = await makeWorld({ logs: [orders], code: sums });
  // Position and number are the same, but for the last: -9.
  for (const n of [1, 2, 3, 4, 5, 6, 7, 8, -9, 10]) {
    const key = n % 2 === 0 ? 'even' : 'odd';
    await world.append(orders, timeAt(Math.abs(n)), [{ type: 'Added', data: { key, n } }]);
  }
});
afterEach(() => world.close());

const at = (position: number) => ({
  ...{ logTime: timeAt(position), source: 'shop', position, translation: 'orders', index: 0 },
});

async function rolled(to: number, ...items: readonly Item[]): Promise<Record<string, unknown>> {
  const documents = await rollForward(['even', 'odd'], new Map(items.map((item) => [item.key, item])), {
    projection: sums,
    logs: [{ ref: orders, reader: world.writer(orders) }],
    from: { 'shop:orders@1': { position: 4 } },
    to,
  });
  return Object.fromEntries([...documents].map(([key, { numbers }]) => [key, numbers]));
}

const numberOf = ({ data }: DomainEvent): number => Number(data['n']);

test('a plain document goes on from its last event, and stops where one cannot be applied', async () => {
  const item = { key: 'odd', revision: 1, document: { numbers: [1, 3, 5] } };
  const plain: Item = { ...item, state: { kind: 'settled', at: at(5) } };
  expect(await rolled(8, plain)).toEqual({ odd: [1, 3, 5, 7], even: [6, 8] });
  expect(await rolled(10, plain)).toEqual({ odd: [1, 3, 5, 7], even: [6, 8, 10] });
});

test('what waits in a window is folded in its place, once, whether or not the log gives it again', async () => {
  const all = world.events();
  const windowOf = (...positions: number[]) => all.filter(({ position }) => positions.includes(position));
  const open = (
    state: Item['state'] & { kind: 'open' },
    numbers = [2, ...state.window.map(numberOf)],
  ): Item => ({
    ...{ key: 'even', revision: 1, document: { numbers }, state },
  });
  const base = { document: { numbers: [2] }, at: at(2) };
  expect(await rolled(8, open({ kind: 'open', base, window: windowOf(4, 8) }))).toMatchObject({
    even: [2, 4, 6, 8],
  });
  // A document that is not what they make is what readers are shown, and what is told.
  expect(await rolled(8, open({ kind: 'open', base, window: windowOf(4, 8) }, [2, 4, 7]))).toMatchObject({
    even: [2, 4, 7],
  });
  // The log has nothing for the key behind its progress.
  expect(await rolled(5, open({ kind: 'open', base, window: windowOf(4) }))).toMatchObject({ even: [2, 4] });
});

test('what is behind is as it is shown', async () => {
  const base = { document: { numbers: [2] }, at: at(2) };
  const stuck = {
    kind: 'parked',
    eventId: 'shop:orders@1:4:0',
    code: 'HANDLER_THREW',
    message: 'no',
  } as const;
  for (const cause of [stuck, { kind: 'window' } as const]) {
    const state = { kind: 'behind', base, cause } as const;
    const item: Item = { key: 'even', revision: 1, document: { numbers: [2] }, state };
    expect(await rolled(8, item)).toMatchObject({ even: [2] });
  }
});
