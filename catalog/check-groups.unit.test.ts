import { describe, expect, test } from '@jest/globals';
import { col, table, tables } from 'banyan/cdc';
import { event, translation } from 'banyan/events';
import { gateway } from 'banyan/gateway';
import { projection } from 'banyan/projections';
import { z } from 'zod';
import { checkGroups } from './check-groups.ts';
import { eventsMadeBy, logsOf } from './event-makers.ts';
import { group, type GroupDefinition } from './group.ts';

const shop = tables('shop', { orders: table('public.orders', { key: ['id'], columns: { id: col.int8() } }) });
const Placed = event('OrderPlaced', z.object({ id: z.string() }));
const Noted = event('OrderNoted', z.object({ id: z.string() }));
const translate = (name: string) => translation(name, shop, { version: 2, translate: () => [] });
const view = (name: string) =>
  projection(name, z.object({ id: z.string() })).on(Placed, {
    key: (e) => e.id,
    apply: (_, { id }) => ({ id }),
  });

const orders = (more: Partial<GroupDefinition> = {}) =>
  group('orders', {
    owner: { team: 'checkout', contact: '#checkout' },
    publishes: [Placed],
    private: [Noted],
    translation: translate('orders'),
    projections: [view('order-summary')],
    ...more,
  });
const invoices = (more: Partial<GroupDefinition> = {}) =>
  group('invoices', {
    owner: { team: 'billing', contact: '#billing' },
    subscribes: [Placed],
    projections: [view('invoice')],
    ...more,
  });
const codes = (...groups: Parameters<typeof checkGroups>[0]) =>
  checkGroups(groups, ['shop']).map(({ code }) => code);

describe('groups together', () => {
  test('nothing is wrong with groups that keep to their language', () => {
    expect(checkGroups([orders(), invoices()], ['shop'])).toEqual([]);
  });

  test('two groups publishing one event are both named, with their owners', () => {
    const [finding] = checkGroups(
      [orders(), invoices({ publishes: [Placed], translation: translate('invoices') })],
      ['shop'],
    );
    expect(finding?.code).toBe('EVENT_TWICE');
    for (const text of ['OrderPlaced', '"orders"', 'checkout', '"invoices"', '#billing', 'rename']) {
      expect(finding?.message).toContain(text);
    }
  });

  test('names are unique', () => {
    expect(codes(orders(), invoices({ projections: [view('order-summary')] }))).toEqual(['NAME_TWICE']);
    expect(codes(orders(), invoices({ translation: translate('orders') }))).toEqual(['NAME_TWICE']);
  });

  test('a projection folds its own events, and published ones that its group subscribes to', () => {
    expect(codes(invoices())).toEqual(['EVENT_UNKNOWN']);
    expect(codes(orders(), invoices({ subscribes: [] }))).toEqual(['EVENT_UNKNOWN']);
    expect(codes(orders(), invoices({ subscribes: [Placed, Noted] }))).toEqual(['SUBSCRIPTION_UNUSED']);
    const spy = projection('spy', z.object({ id: z.string() })) //
      .on(Noted, { key: (e) => e.id, apply: (_, { id }) => ({ id }) });
    expect(codes(orders(), invoices({ subscribes: [Noted], projections: [spy] }))).toEqual(['EVENT_PRIVATE']);
  });

  test("a gateway reads its own group's views only, included ones too", () => {
    const foreign = gateway().read('GET /orders/{id}', view('order-summary').byKey('id'));
    expect(codes(orders(), invoices({ gateway: foreign }))).toEqual(['FOREIGN_VIEW']);
    const joined = view('invoice')
      .byKey('id')
      .include(
        'order',
        view('order-summary').byKey((invoice) => invoice.id),
      );
    expect(codes(orders(), invoices({ gateway: gateway().read('GET /invoices/{id}', joined) }))).toEqual([
      'FOREIGN_VIEW',
    ]);
  });

  test('a translation reads a configured source', () => {
    expect(checkGroups([orders()], ['crm']).map(({ code }) => code)).toEqual(['SOURCE_UNKNOWN']);
  });
});

test('a projection reads the event logs of the groups that make its events', () => {
  const groups = [orders(), invoices()];
  expect(logsOf(view('invoice'), groups)).toEqual([{ source: 'shop', translation: 'orders', version: 2 }]);
  expect(() => logsOf(view('invoice'), [invoices()])).toThrow('OrderPlaced');
});

test('a group needs a name that fits and an owner', () => {
  expect(() => group('Orders', { owner: { team: 'a', contact: 'b' } })).toThrow('lower-case');
  expect(() => group('orders', { owner: { team: '', contact: 'b' } })).toThrow('owner');
});

test('an event that a group folds itself and nobody else lists is its own, listed or not', () => {
  const Packed = event('OrderPacked', z.object({ id: z.string() }));
  const packing = projection('packing', z.object({ id: z.string() })) //
    .on(Packed, { key: (e) => e.id, apply: (_, { id }) => ({ id }) });
  const groups = [orders({ projections: [view('order-summary'), packing] }), invoices()];
  expect(checkGroups(groups, ['shop'])).toEqual([]);
  const made = groups.map((one) => eventsMadeBy(one, groups).map(({ type }) => type));
  expect(made).toEqual([['OrderPlaced', 'OrderNoted', 'OrderPacked'], []]);
});
