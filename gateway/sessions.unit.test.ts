import { beforeEach, describe, expect, test } from '@jest/globals';
import { createMemoryViewStore, type AtomicViewStore, type Item, type LivePointer } from 'banyan/projections';
import { eventually } from '../kit/eventually.ts';
import { liveGenerations } from './live.ts';
import { readSession, sessionHeader, writeSession, type Session } from './session.ts';
import { appOn, as, createViews, item, liveStore, put, told, type Told } from './testing/orders.ts';
import { patienceOf } from './watch.ts';

const log = 'shop:orders';
const order = { orderId: 'o1', customerId: '7', place: 1 };
const place = (position: number, index = 0) => ({ position, index });
const all = (number: number) => ({ order: number, customer: number, country: number });
const still = { now: () => 1_000_000 };

let store: AtomicViewStore;
beforeEach(async () => {
  store = await liveStore();
});

/** An item whose last event has this position. */
function itemAt(position: number, index = 0, key = 'o1') {
  const at = { logTime: '2026-01-01T00:00:00.000Z', source: 'shop', position, translation: 'orders', index };
  return item(key, order, { revision: position, state: { kind: 'settled', at } });
}

/** The second generation of each view, fed by a log of which it has so much. */
async function secondGeneration(progress: { position: number; index?: number }, version = 2): Promise<void> {
  await createViews(store, 2, [{ source: 'shop', translation: 'orders', version }], {
    [`shop:orders@${version}`]: progress,
  });
  await put(store, 'order', itemAt(1), 2);
}

/** Asks with a session. */
function ask(
  app: ReturnType<typeof appOn>,
  session?: string | Partial<Session>,
  path = '/plain/o1',
): Promise<Told> {
  const text =
    typeof session === 'object'
      ? writeSession({ group: 'orders', epoch: 1, shown: new Map(), ...session })
      : session;
  const headers = { ...as('7').headers, ...(text !== undefined && { [sessionHeader]: text }) };
  return told(app.request(path, { headers }));
}

function sessionOf({ headers }: Told): Session {
  const read = readSession(headers.get(sessionHeader) ?? '', 'orders');
  if (read.kind !== 'session') throw new Error('no session');
  return read.session;
}

describe('an answer', () => {
  test('carries what was shown, with what was shown before', async () => {
    await put(store, 'order', { ...itemAt(12, 3), revision: 2 });
    const first = await ask(appOn(store));
    expect(sessionOf(first)).toEqual({ group: 'orders', epoch: 1, shown: new Map([[log, place(12, 3)]]) });
    const shown = new Map([
      [log, place(1)],
      ['other:log', place(9)],
    ]);
    const second = await ask(appOn(store), { shown });
    expect(sessionOf(second).shown).toEqual(shown.set(log, place(12, 3)));
  });

  test('of a page, of what it includes, of nothing, and not modified carries it too', async () => {
    const app = appOn(store);
    await put(store, 'customer', {
      ...itemAt(30, 0, '7'),
      document: { name: 'A', countryId: 'x' },
      revision: 2,
    });
    for (const path of ['/orders/o1', '/customers/7/orders']) {
      expect(sessionOf(await ask(app, undefined, path)).shown).toEqual(new Map([[log, place(30)]]));
    }
    expect(sessionOf(await ask(app, undefined, '/plain/none'))).toMatchObject({ epoch: 1, shown: new Map() });
    const headers = { 'if-none-match': '"order.g1.r1"' };
    expect(sessionOf(await told(app.request('/plain/o1', { headers }))).shown).toEqual(
      new Map([[log, place(1)]]),
    );
  });

  test('that hides a document does not tell of it', async () => {
    const app = appOn(store);
    const hidden = await told(app.request('/orders/o1', as('8')));
    const missing = await told(app.request('/orders/none', as('8')));
    expect(hidden.code).toBe(404);
    expect(hidden.headers.get(sessionHeader)).toBe(missing.headers.get(sessionHeader));
  });

  test.each([
    ['garbage', 'x y'],
    ['an empty text', ''],
    ['another JSON', Buffer.from('{"epoch":1}').toString('base64url')],
    ['too long a text', 'a'.repeat(7000)],
    ['garbage after a session', `${writeSession({ group: 'orders', epoch: 1, shown: new Map() })},x`],
    ["another group's", writeSession({ group: 'bills', epoch: 1, shown: new Map() })],
  ])('to %s is a bad request that names the header', async (_, text) => {
    const answer = await ask(appOn(store), text);
    expect(answer).toMatchObject({ code: 400, status: 'badRequest' });
    expect(answer.message).toContain(sessionHeader);
  });
});

describe('the epoch', () => {
  test('of a session makes a gateway look at the pointer anew, once for all that ask', async () => {
    let asked = 0;
    const pointer: AtomicViewStore['pointer'] = (group) => {
      asked += 1;
      return store.pointer(group);
    };
    const app = appOn({ ...store, pointer }, { clock: still });
    await ask(app);
    await secondGeneration({ position: 1 });
    await store.movePointer('orders', 1, all(2));
    expect((await ask(app)).headers.get('etag')).toContain('.g1.');
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(app, { epoch: 2 })));
    expect(new Set(answers.map(({ headers }) => headers.get('etag')))).toEqual(new Set(['"order.g2.r1"']));
    expect(asked).toBe(2);
    expect((await ask(app)).headers.get('etag')).toContain('.g2.');
  });

  test('is waited for', async () => {
    const app = appOn(store, { clock: still, staleWaitMs: 30_000 });
    await secondGeneration({ position: 1 });
    const waiting = ask(app, { epoch: 2 });
    await ask(app);
    await store.movePointer('orders', 1, all(2));
    expect((await waiting).headers.get('etag')).toContain('.g2.');
  });

  test('that does not come is 503, and said to be stale', async () => {
    const answer = await ask(appOn(store, { staleWaitMs: 1 }), { epoch: 2 });
    expect(answer).toMatchObject({ code: 503, status: 'error' });
    expect(answer.message).toContain('Stale');
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  test('never becomes smaller when a slow answer comes late', async () => {
    const answers: ((found: LivePointer) => void)[] = [];
    const pointer = () => new Promise<LivePointer>((resolve) => answers.push(resolve));
    let now = 0;
    const live = liveGenerations({ ...store, pointer }, 'orders', { now: () => now }, 1000);
    const slow = live.pointer();
    now = 2000;
    const fast = live.pointer();
    const [older, newer] = [
      { epoch: 1, live: all(1) },
      { epoch: 2, live: all(2) },
    ];
    answers[1]?.(newer);
    expect(await fast).toEqual(newer);
    answers[0]?.(older);
    expect(await slow).toEqual(newer);
    now = 4000;
    const again = live.pointer();
    answers[2]?.(older);
    expect(await again).toEqual(newer);
    expect(await live.reaches(2, patienceOf(0))).toBe(true);
  });
});

describe('what was shown', () => {
  /** After a promotion to a generation that is there up to a position. */
  async function promoted(progress: { position: number; index?: number }, version = 2) {
    await secondGeneration(progress, version);
    await store.movePointer('orders', 1, all(2));
    return appOn(store, { staleWaitMs: 1 });
  }
  const shown = (position: number, index = 0) => ({ shown: new Map([[log, place(position, index)]]) });

  test('is answered from a generation that has come as far, whatever the version of its log', async () => {
    const app = await promoted({ position: 5 });
    expect((await ask(app, shown(5, 2))).headers.get('etag')).toBe('"order.g2.r1"');
    expect(await ask(app, shown(6))).toMatchObject({ code: 503 });
    expect(await ask(app)).toMatchObject({ code: 200 });
  });

  test('counts for included views and pages too', async () => {
    const app = await promoted({ position: 5 });
    for (const path of ['/orders/o1', '/customers/7/orders', '/places/7']) {
      expect([path, (await ask(app, shown(5), path)).code]).toEqual([path, 200]);
      expect([path, (await ask(app, shown(6), path)).code]).toEqual([path, 503]);
    }
  });

  test('within a transaction is compared by its events in one epoch, by the whole transaction between two', async () => {
    const app = await promoted({ position: 5, index: 3 });
    expect(await ask(app, { epoch: 2, ...shown(5, 3) })).toMatchObject({ code: 200 });
    expect(await ask(app, { epoch: 2, ...shown(5, 4) })).toMatchObject({ code: 503 });
    expect(await ask(app, shown(5, 1))).toMatchObject({ code: 503 });
    expect(await ask(app, shown(4, 9))).toMatchObject({ code: 200 });
  });

  test('of logs that do not feed the view is not waited for', async () => {
    const app = await promoted({ position: 5 });
    const other = { shown: new Map([['billing:bills', place(900)]]) };
    expect(await ask(app, other)).toMatchObject({ code: 200 });
  });

  test('is waited for, and asked about once for all that wait and never again', async () => {
    await secondGeneration({ position: 5 });
    await store.movePointer('orders', 1, all(2));
    let asked = 0;
    const progress: AtomicViewStore['progress'] = (id) => {
      asked += 1;
      return store.progress(id);
    };
    const app = appOn({ ...store, progress }, { staleWaitMs: 30_000 });
    const waiting = Promise.all(Array.from({ length: 20 }, () => ask(app, shown(6))));
    await eventually(() => expect(asked).toBeGreaterThan(1));
    const name = 'shop:orders@2';
    await store.commit(
      { projection: 'order', number: 2 },
      { writes: [], expected: { [name]: { position: 5 } }, next: { [name]: { position: 6 } } },
    );
    expect((await waiting).map(({ code }) => code)).toEqual(Array.from({ length: 20 }, () => 200));
    const before = asked;
    expect(await ask(app, shown(6))).toMatchObject({ code: 200 });
    expect(asked).toBe(before);
  });

  test('in this process from this generation costs no question', async () => {
    const progress = () => Promise.reject(new Error('was asked'));
    const app = appOn({ ...store, progress });
    await put(store, 'order', { ...itemAt(40), revision: 2 });
    expect(await ask(app, (await ask(app)).headers.get(sessionHeader) ?? '')).toMatchObject({ code: 200 });
  });
});

describe('what is not there any more', () => {
  const past = {
    order: { last: { action: 'promote' as const, epoch: 2, from: 1 }, before: [1], retired: [] },
  };
  const second = { projection: 'order', number: 2 };
  const log = 'shop:orders@1';

  /** A promotion to a generation that is behind the former one, which has removed o2 meanwhile. */
  beforeEach(async () => {
    store = createMemoryViewStore();
    const logs = [{ source: 'shop', translation: 'orders', version: 1 }];
    await createViews(store, 1, logs, { [log]: { position: 10 } });
    await createViews(store, 2, logs, { [log]: { position: 5 } });
    await put(store, 'order', item('o2', order), 2);
    await store.movePointer('orders', 0, all(1));
    await store.movePointer('orders', 1, all(2), past);
  });

  test('does not come back by a promotion: the generation that becomes live is waited for', async () => {
    let asked = 0;
    const progress: AtomicViewStore['progress'] = (id) => {
      asked += id.number === 2 ? 1 : 0;
      return store.progress(id);
    };
    const app = appOn({ ...store, progress }, { staleWaitMs: 30_000 });
    const waiting = ask(app, {}, '/plain/o2');
    await eventually(() => expect(asked).toBeGreaterThan(1));
    const removed = { ...itemAt(9, 0, 'o2').state, kind: 'removed' as const } as Item['state'];
    await store.commit(second, {
      writes: [{ item: { key: 'o2', revision: 2, state: removed }, expected: 1, indexEntries: [] }],
      expected: { [log]: { position: 5 } },
      next: { [log]: { position: 10 } },
    });
    expect(await waiting).toMatchObject({ code: 404 });
  });

  test('is not asked about by a session that began after the move, and in vain does not refuse', async () => {
    const asked: number[] = [];
    const progress: AtomicViewStore['progress'] = (id) => {
      asked.push(id.number);
      return store.progress(id);
    };
    const app = appOn({ ...store, progress }, { staleWaitMs: 1 });
    expect(await ask(app, { epoch: 2 }, '/plain/o2')).toMatchObject({ code: 200 });
    expect(asked).toEqual([]);
    expect(await ask(app, {}, '/plain/o2')).toMatchObject({ code: 200 });
    expect(asked).toContain(1);
    await store.dropGeneration({ projection: 'order', number: 1 });
    expect(await ask(app, {}, '/plain/o2')).toMatchObject({ code: 200 });
  });

  test('is waited for at the first read after the move, of whatever view', async () => {
    await store.movePointer('orders', 2, all(2), { customer: past.order });
    await put(store, 'customer', item('7', { name: 'Ada', countryId: 'pt' }), 2);
    const asked: string[] = [];
    const progress: AtomicViewStore['progress'] = (id) => {
      asked.push(`${id.projection} ${id.number}`);
      return store.progress(id);
    };
    const app = appOn({ ...store, progress }, { staleWaitMs: 1 });
    expect(sessionOf(await ask(app, {}, '/plain/o2')).epoch).toBe(3);
    expect(asked).toContain('customer 1');
  });
});

describe('a walk through pages', () => {
  const path = '/customers/7/orders?limit=1';
  const begin = async (app: ReturnType<typeof appOn>) =>
    ((await ask(app, undefined, path)).data as { next: string }).next;
  const on = (app: ReturnType<typeof appOn>, next: string) => ask(app, { epoch: 2 }, `${path}&after=${next}`);

  beforeEach(async () => {
    await createViews(store, 2);
    for (const n of [1, 2, 3]) {
      await put(store, 'order', item(`o${n}`, { orderId: `o${n}`, customerId: '7', place: n }), 2);
    }
    await put(store, 'customer', item('7', { name: 'of generation 2', countryId: 'pt' }), 2);
  });

  test('goes on in its generations after a promotion, the included ones too', async () => {
    const app = appOn(store, { clock: still });
    const next = await begin(app);
    await store.movePointer('orders', 1, all(2));
    const page = await on(app, next);
    expect(page).toMatchObject({
      code: 200,
      data: { items: [{ orderId: 'o2', customer: { name: 'Ada' } }] },
    });
    const fresh = await ask(app, { epoch: 2 }, path);
    expect(fresh.data).toMatchObject({ items: [{ customer: { name: 'of generation 2' } }] });
  });

  test.each(['order', 'customer'])('ends with 400 when its generation of %s is gone', async (projection) => {
    const app = appOn(store, { clock: still });
    const next = await begin(app);
    await store.movePointer('orders', 1, all(2));
    const retired = { kind: 'retired' as const, at: '2026-01-01T00:00:00.000Z' };
    await store.changeGeneration({ projection, number: 1 }, 'live', { state: retired, floor: {} });
    expect(await on(app, next)).toMatchObject({ code: 400, status: 'badRequest' });
    await store.dropGeneration({ projection, number: 1 });
    expect(await on(app, next)).toMatchObject({ code: 400 });
    expect(await on(appOn(store), next)).toMatchObject({ code: 400 });
  });

  test('whose generation goes while the old pointer is still believed ends with 400', async () => {
    const app = appOn(store, { clock: still });
    const next = await begin(app);
    await store.movePointer('orders', 1, all(2));
    await store.dropGeneration({ projection: 'customer', number: 1 });
    expect(await ask(app, { epoch: 1 }, `${path}&after=${next}`)).toMatchObject({ code: 400 });
  });
});

test('a read that runs once more is wholly of the newer generations', async () => {
  await createViews(store, 2);
  await put(store, 'order', item('o1', order), 2);
  await put(store, 'customer', item('7', { name: 'Eva', countryId: 'pt' }), 2);
  const app = appOn(store, { clock: still });
  await ask(app, undefined, '/orders/o1');
  await store.movePointer('orders', 1, all(2));
  // The document is there in the older generation, and what it includes is not.
  await store.dropGeneration({ projection: 'customer', number: 1 });
  const answer = await ask(app, undefined, '/orders/o1');
  expect(answer).toMatchObject({ code: 200, data: { customer: { name: 'Eva' } } });
  expect(sessionOf(answer).epoch).toBe(2);
});
