import { expect, test } from '@jest/globals';
import { applyUnordered } from './apply-unordered.ts';
import { crmLog, shopLog, UnorderedView } from './testing/unordered-view.ts';
import type { ItemWrite, ViewStore } from './view-store.ts';

test('who creates an item says from where on its events are, in each log, in whatever order they came', async () => {
  const view = await UnorderedView.begin([shopLog, crmLog]);
  const writes: ItemWrite[] = [];
  const store: ViewStore = new Proxy(view.store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (name !== 'writeMany') return value;
      return (...given: Parameters<ViewStore['writeMany']>) => {
        writes.push(...given[1]);
        return target.writeMany(...given);
      };
    },
  });
  const events = [
    ...view.append(['Counted', 'b'], ['Counted', 'a'], ['Counted', 'a']),
    ...view.append(['Counted', 'a']),
    ...view.appendTo(1, ['Counted', 'a']),
    ...view.appendTo(1, ['Counted', 'a']),
  ];
  await applyUnordered(view.target({ store }), events.toReversed());
  expect(writes.find(({ item }) => item.key === 'a')?.madeOf).toEqual({
    'shop:orders@1': { position: 1, index: 1 },
    'crm:contacts@1': { position: 3, index: 0 },
  });
});
