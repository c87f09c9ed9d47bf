import { expect, test } from '@jest/globals';
import { createMemoryViewStore, type ItemWrite } from 'banyan/projections';
import { at, exampleGeneration, settled, write } from '../../projections/testing/examples.ts';
import { open } from '../../projections/testing/unsettled-items.ts';
import { interrupted } from '../testing/fed-views.ts';
import { compareGenerations } from './compare-generations.ts';

const log = { source: 'shop', translation: 'orders', version: 1 };
const upTo = (position: number) => ({ 'shop:orders@1': { position } });

test('an event that only one side has, ahead of its watermark, is waited for though nothing changes meanwhile', async () => {
  const store = createMemoryViewStore();
  const live = await store.createGeneration(exampleGeneration({ state: { kind: 'live' }, logs: [log] }));
  const next = await store.createGeneration({ ...live, number: 2, state: { kind: 'ready' } });
  const feed = (of: typeof live, from: number, to: number, ...writes: ItemWrite[]) =>
    store.commit(of, { writes, expected: from === 0 ? {} : upTo(from), next: upTo(to) });
  const base = { document: { n: 1 }, at: at(5) };
  await feed(live, 0, 5, write(open('a', 6, [7], { document: { n: 2 }, base })));
  await feed(next, 0, 5, write(settled('a', 5, { n: 1 })));
  let asked = 0;
  const between = async (): Promise<void> => {
    asked += 1;
    // The watermark of the one comes to the event, that of the other goes on and has not come to it.
    if (asked === 16) await feed(live, 5, 7);
    if (asked === 16) await feed(next, 5, 6);
    if (asked === 40) await feed(next, 6, 7, write(settled('a', 7, { n: 2 }), 5));
  };
  const { documents, unsettled } = await compareGenerations({
    ...{ store: interrupted(store, between), projection: live.projection, live: 1, next: 2 },
  });
  expect(documents).toEqual({ added: 0, removed: 0, changed: 0, unchanged: 1 });
  expect([unsettled, asked >= 40]).toEqual([0, true]);
});
