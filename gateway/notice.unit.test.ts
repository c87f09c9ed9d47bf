import { beforeEach, describe, expect, test } from '@jest/globals';
import type { DomainEvent } from 'banyan/events';
import type { AtomicViewStore, Base, Item, ItemState } from 'banyan/projections';
import { readSession, sessionHeader } from './session.ts';
import { appOn, as, item, liveStore, put, told, type Told } from './testing/orders.ts';

const order = { orderId: 'o1', customerId: '7', place: 1 };
const ada = { name: 'Ada', countryId: 'pt' };
const stuck = { eventId: 'shop:orders@1:9:0', code: 'HANDLER_THREW', message: 'no' };
const after: Base = { document: undefined, at: undefined };

/** How an item stands, by name. */
const states: Readonly<Record<'parked' | 'window' | 'doubt' | 'open', ItemState>> = {
  parked: { kind: 'behind', base: after, cause: { kind: 'parked', ...stuck } },
  window: { kind: 'behind', base: after, cause: { kind: 'window' } },
  doubt: { kind: 'open', base: after, window: [eventAt(9)], doubt: stuck },
  open: { kind: 'open', base: after, window: [eventAt(9)] },
};

function eventAt(position: number): DomainEvent {
  const log = { source: 'shop', translation: 'orders', version: 1 };
  const time = '2026-01-01T00:00:00.000000Z';
  const id = `shop:orders@1:${String(position)}:0`;
  const meta = { id, type: 'OrderPaid', position, index: 0, logTime: time, committedAt: time };
  return { ...log, ...meta, traceparent: '', causedBy: `shop:${String(position)}`, data: {} };
}

let store: AtomicViewStore;
beforeEach(async () => {
  store = await liveStore();
});

/** Lets an item stand so. */
async function stand(
  view: string,
  key: string,
  document: Item['document'],
  state: ItemState,
  revision = 2,
): Promise<void> {
  await put(store, view, item(key, document, { revision, state }));
}

async function ask(path: string, headers: Record<string, string> = {}): Promise<Told> {
  return told(appOn(store).request(path, { headers: { ...as('7').headers, ...headers } }));
}

/** The notices of an answer. */
function noticed({ headers }: Told): Record<string, string | null> {
  return {
    parked: headers.get('banyan-parked'),
    behind: headers.get('banyan-behind'),
    eventual: headers.get('banyan-eventual'),
  };
}

const nothing = { parked: null, behind: null, eventual: null };
const parked = { ...nothing, parked: 'true' };
const behind = { ...nothing, behind: 'true' };
const byState = [
  ['parked', parked],
  ['window', behind],
  ['doubt', behind],
  ['open', nothing],
] as const;

describe.each(byState)('an item that is %s', (name, expected) => {
  test('is answered with the last good document, and so is said', async () => {
    await stand('order', 'o1', order, states[name]);
    const answer = await ask('/plain/o1');
    expect(answer).toMatchObject({ code: 200, data: order });
    expect(noticed(answer)).toEqual(expected);
    expect(noticed(await ask('/plain/o2'))).toEqual(nothing);
  });

  test('is said with 304 and 404 too', async () => {
    await stand('order', 'o1', order, states[name]);
    const same = await ask('/plain/o1', { 'if-none-match': '"order.g1.r2"' });
    expect([same.code, noticed(same)]).toEqual([304, expected]);
    await stand('order', 'none', undefined, states[name]);
    const missing = await ask('/plain/none');
    expect([missing.code, noticed(missing)]).toEqual([404, expected]);
  });

  test('is said of a page that it is on, and of no other', async () => {
    await stand('order', 'o1', order, states[name]);
    const first = await ask('/places/7?limit=1');
    expect([first.code, noticed(first)]).toEqual([200, expected]);
    const { next } = first.data as { next: string };
    expect(noticed(await ask(`/places/7?limit=1&after=${next}`))).toEqual(nothing);
  });

  test('is said of what it is joined to, at whatever depth, with or without a document', async () => {
    await stand('customer', '7', ada, states[name]);
    expect(noticed(await ask('/orders/o1'))).toEqual(expected);
    expect(noticed(await ask('/customers/7/orders'))).toEqual(expected);
    await stand('customer', '7', ada, states.open, 3);
    await stand('country', 'pt', undefined, states[name]);
    const answer = await ask('/customers/7/orders');
    expect(answer.data).toMatchObject({ items: [{ customer: { country: null } }, {}, {}] });
    expect(noticed(answer)).toEqual(expected);
  });
});

test('an answer of several items may say both', async () => {
  await stand('order', 'o1', order, states.window);
  await stand('customer', '7', ada, states.parked);
  expect(noticed(await ask('/orders/o1'))).toEqual({ ...parked, ...behind, parked: 'true' });
});

test('a page of an index that follows its documents says so, and a document by its key does not', async () => {
  store = { ...store, hasEventualIndexes: true };
  const eventual = { ...nothing, eventual: 'true' };
  expect(noticed(await ask('/places/7?limit=1'))).toEqual(eventual);
  expect(noticed(await ask('/customers/7/orders'))).toEqual(eventual);
  expect(noticed(await ask('/plain/o1'))).toEqual(nothing);
});

test('where documents are hidden, a parked key without one looks as one that was never there', async () => {
  await stand('order', 'gone', undefined, states.parked);
  const [gone, never] = [await ask('/orders/gone'), await ask('/orders/never')];
  expect([gone.code, gone.message]).toEqual([404, never.message]);
  expect([...gone.headers.keys()]).toEqual([...never.headers.keys()]);
});

test('a base that nothing came before shows nothing, and the session of it is taken again', async () => {
  const at = {
    logTime: '2026-01-01T00:00:00.000000Z',
    source: 'shop',
    position: 9,
    translation: 'orders',
    index: -1,
  };
  await stand('order', 'o1', order, { kind: 'open', base: { ...after, at }, window: [eventAt(9)] });
  const session = (await ask('/plain/o1')).headers.get(sessionHeader) ?? '';
  expect(readSession(session, 'orders')).toMatchObject({ kind: 'session', session: { shown: new Map() } });
  expect((await ask('/plain/o1', { [sessionHeader]: session })).code).toBe(200);
});
