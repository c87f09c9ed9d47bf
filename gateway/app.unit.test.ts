import { beforeEach, describe, expect, test } from '@jest/globals';
import { createMemoryViewStore, type AtomicViewStore } from 'banyan/projections';
import { BanyanError, silentLogger, type Logger } from 'banyan/runtime';
import type { Hono } from 'hono';
import { createGatewayApp } from './app.ts';
import { gateway } from './gateway.ts';
import { appOn, as, countries, createViews, item, liveStore, orders, put, told } from './testing/orders.ts';

let store: AtomicViewStore;
let app: Hono;
beforeEach(async () => {
  store = await liveStore();
  app = appOn(store);
});
const ask = (path: string, init?: RequestInit) => told(app.request(path, init));

const order = { orderId: 'o1', customerId: '7', place: 1 };
const ada = { name: 'Ada', countryId: 'pt', country: null };

describe('one document', () => {
  test('is answered in the standard body, with its tag', async () => {
    const answer = await ask('/plain/o1');
    expect(answer).toMatchObject({ code: 200, status: 'success', data: order });
    expect(answer.headers.get('etag')).toBe('"order.g1.r1"');
    expect(answer.headers.get('cache-control')).toBe('private, no-cache');
    expect(answer.headers.get('content-type')).toContain('application/json');
  });

  test('has what it includes, nested, and null where there is none', async () => {
    expect((await ask('/orders/o1', as('7'))).data).toEqual({ ...order, customer: ada });
    await put(store, 'country', item('pt', { title: 'Portugal' }));
    const answer = await ask('/orders/o1', as('7'));
    expect(answer.data).toEqual({ ...order, customer: { ...ada, country: { title: 'Portugal' } } });
  });

  test('is not there for a caller who may not see it, exactly as one that is not there', async () => {
    const [hidden, missing] = [await ask('/orders/o1', as('8')), await ask('/orders/none', as('8'))];
    expect(hidden).toMatchObject({ code: 404, status: 'skipped', data: null });
    expect(hidden.message).toBe(missing.message);
    expect([...hidden.headers.keys()]).toEqual([...missing.headers.keys()]);
  });

  test.each(['a/b', 'a%b', 'a%25b', 'ä €😀', "o'; --", '..%2f'])('is found by the key %j', async (key) => {
    await put(store, 'order', item(key, { ...order, orderId: key }));
    expect((await ask(`/plain/${encodeURIComponent(key)}`)).data).toMatchObject({ orderId: key });
  });
});

describe('tags', () => {
  test.each(['"order.g1.r1"', 'W/"order.g1.r1"', '"x,y", W/"order.g1.r1"', '*'])(
    '%s: not modified',
    async (tag) => {
      const response = await app.request('/plain/o1', { headers: { 'if-none-match': tag } });
      expect([response.status, await response.text()]).toEqual([304, '']);
      expect(response.headers.get('etag')).toBe('"order.g1.r1"');
    },
  );

  test('another tag gets the document; * gets 404 where there is none', async () => {
    expect((await ask('/plain/o1', { headers: { 'if-none-match': '"order.g1.r2"' } })).code).toBe(200);
    expect((await ask('/plain/none', { headers: { 'if-none-match': '*' } })).code).toBe(404);
  });

  test('the tag of a joined answer changes with every item in it, and one that appears', async () => {
    const tag = async (path: string) => (await ask(path, as('7'))).headers.get('etag');
    for (const path of ['/orders/o1', '/customers/7/orders']) {
      const seen = [await tag(path)];
      expect(await tag(path)).toBe(seen[0]);
      const country = await store.readMany({ projection: 'country', number: 1 }, ['pt']);
      const revision = (country.get('pt')?.revision ?? 0) + 1;
      await put(store, 'country', item('pt', { title: String(revision) }, { revision }));
      seen.push(await tag(path));
      const people = await store.readMany({ projection: 'customer', number: 1 }, ['7']);
      const next = (people.get('7')?.revision ?? 0) + 1;
      await put(store, 'customer', item('7', { name: 'Eva', countryId: 'pt' }, { revision: next }));
      seen.push(await tag(path));
      expect(new Set(seen).size).toBe(3);
    }
  });
});

describe('pages', () => {
  test('go on by their cursor, in both orders, with what they include', async () => {
    const first = await ask('/customers/7/orders?limit=2', as('7'));
    const { items, next } = first.data as { items: unknown[]; next: string };
    expect(items).toEqual([
      { ...order, customer: ada },
      { orderId: 'o2', customerId: '7', place: 2, customer: ada },
    ]);
    const last = await ask(`/customers/7/orders?limit=2&after=${next}`, as('7'));
    expect(last.data).toMatchObject({ items: [{ orderId: 'o3' }], next: null });
    const back = await ask('/customers/7/orders?order=descending', as('7'));
    expect((back.data as { items: { place: number }[] }).items.map(({ place }) => place)).toEqual([3, 2, 1]);
  });

  test('of nothing are empty', async () => {
    expect((await ask('/places/none')).data).toEqual({ items: [], next: null });
  });

  test('are joined by one look-up a view', async () => {
    const asked: string[] = [];
    const readMany: AtomicViewStore['readMany'] = (id, keys) => {
      asked.push(`${id.projection}: ${keys.join()}`);
      return store.readMany(id, keys);
    };
    await told(appOn({ ...store, readMany }).request('/customers/7/orders', as('7')));
    expect(asked).toEqual(['customer: 7', 'country: pt']);
  });

  test.each([
    'limit=0',
    'limit=1001',
    'limit=x',
    'limit=',
    'order=up',
    'after=x',
    'after=',
    'limit=1&limit=2',
  ])('%s is a bad request', async (query) => {
    expect(await ask(`/places/7?${query}`)).toMatchObject({ code: 400, status: 'badRequest' });
  });

  test("a cursor of another partition's list is a bad request", async () => {
    const { next } = (await ask('/places/7?limit=1')).data as { next: string };
    expect(await ask(`/places/8?limit=1&after=${next}`)).toMatchObject({ code: 400 });
  });
});

describe('parameters', () => {
  test('that are not known are named', async () => {
    const answer = await ask('/plain/o1?colour=red&limit=1');
    expect(answer).toMatchObject({ code: 400, status: 'badRequest' });
    expect(answer.message).toMatch(/colour.*limit/);
  });

  test('are checked and made by their schema', async () => {
    expect((await ask('/found?number=2')).data).toMatchObject({ orderId: 'o2' });
    for (const query of ['', '?number=x', '?number=1&number=2']) {
      const answer = await ask(`/found${query}`);
      expect(answer).toMatchObject({ code: 400 });
      expect(answer.message).toContain('number');
    }
  });
});

describe('callers', () => {
  test.each([
    [{}, 401, 'notAuthenticated'],
    [{ authorization: 'Basic eDp5' }, 401, 'notAuthenticated'],
    [{ authorization: 'Bearer forged' }, 401, 'notAuthenticated'],
    [{ authorization: 'Bearer down' }, 503, 'error'],
    [{ authorization: 'bearer for-8' }, 403, 'unauthorized'],
    [{ authorization: 'bearer for-7' }, 200, 'success'],
  ])('%j: %d', async (headers, code, status) => {
    const answer = await ask('/customers/7/orders', { headers: headers as Record<string, string> });
    expect(answer).toMatchObject({ code, status });
    expect(answer.headers.has('www-authenticate')).toBe(code === 401);
  });

  test('cannot be told without an identity: 501, but public routes are answered', async () => {
    const lone = gateway()
      .read('GET /open/{id}', orders.byKey('id'), { public: true })
      .read('GET /shut/{id}', orders.byKey('id'));
    const anonymous = createGatewayApp({
      group: { name: 'orders', owner: { team: 'a', contact: 'b' } },
      gateway: lone,
      store,
      logger: silentLogger,
    });
    expect(await told(anonymous.request('/shut/o1'))).toMatchObject({ code: 501, status: 'notImplemented' });
    expect(await told(anonymous.request('/open/o1'))).toMatchObject({ code: 200 });
  });
});

describe('generations', () => {
  test('none is live yet: 503, to be asked again; so is health', async () => {
    const empty = appOn(createMemoryViewStore());
    for (const path of ['/plain/o1', '/places/7', '/health']) {
      const answer = await told(empty.request(path));
      expect(answer).toMatchObject({ code: 503, status: 'error' });
      expect(answer.headers.get('retry-after')).toBe('1');
    }
  });

  test('a pointer is used for a second, and no longer', async () => {
    let now = 1_000_000;
    app = appOn(store, { clock: { now: () => now } });
    expect((await ask('/plain/o1')).headers.get('etag')).toContain('.g1.');
    await createViews(store, 2);
    await put(store, 'order', item('o1', order), 2);
    await store.movePointer('orders', 1, { order: 2, customer: 2, country: 2 });
    expect((await ask('/plain/o1')).headers.get('etag')).toContain('.g1.');
    now += 1_000;
    expect((await ask('/plain/o1')).headers.get('etag')).toContain('.g2.');
  });

  test('a generation that is gone is looked for anew at once', async () => {
    app = appOn(store, { clock: { now: () => 1_000_000 } });
    await ask('/plain/o1');
    await createViews(store, 2);
    await put(store, 'order', item('o1', order), 2);
    await store.movePointer('orders', 1, { order: 2, customer: 2, country: 2 });
    for (const projection of ['order', 'customer', 'country'])
      await store.dropGeneration({ projection, number: 1 });
    expect((await ask('/plain/o1')).headers.get('etag')).toBe('"order.g2.r1"');
  });
});

describe('every answer', () => {
  test('has its ids: the client’s own, where they fit', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { 'x-request-id': 'mine-1', traceparent: `00-${trace}-00f067aa0ba902b7-01` };
    const answer = await ask('/plain/o1', { headers });
    expect(answer.headers.get('x-request-id')).toBe('mine-1');
    expect(answer.headers.get('traceparent')).toMatch(new RegExp(`^00-${trace}-(?!00f067aa0ba902b7)`));
    const other = await ask('/none', { headers: { 'x-request-id': 'a b', traceparent: 'x' } });
    expect(other.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
  });

  test('to HEAD is that to GET without its body', async () => {
    const response = await app.request('/plain/o1', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(response.headers.get('etag')).toBe('"order.g1.r1"');
  });

  test('to an unknown route or a wrong method is the standard one', async () => {
    expect(await ask('/nothing')).toMatchObject({ code: 404, status: 'skipped', data: null });
    const wrong = await ask('/plain/o1', { method: 'POST' });
    expect(wrong).toMatchObject({ code: 405, status: 'badRequest' });
    expect(wrong.headers.get('allow')).toBe('GET, HEAD');
  });

  test('to health names the live generations', async () => {
    const live = { order: 1, customer: 1, country: 1 };
    expect(await ask('/health')).toMatchObject({ code: 200, data: { group: 'orders', live } });
  });

  test('to a failure tells an error id, which the log has, and nothing else', async () => {
    const lines: unknown[] = [];
    const keep = (line: unknown) => void lines.push(line);
    const logger = { ...silentLogger, info: keep, warn: keep, error: keep, debug: keep } as unknown as Logger;
    const readMany = () => Promise.reject(new Error('password=hunter2 at db.internal'));
    const answer = await told(appOn({ ...store, readMany }, { logger }).request('/plain/secret-key'));
    expect(answer).toMatchObject({ code: 500, status: 'error' });
    expect(JSON.stringify(answer)).not.toMatch(/hunter2|internal"/);
    const { errorId } = answer.data as { errorId: string };
    expect(lines).toMatchObject([{ method: 'GET', route: 'GET /plain/{id}', status: 500, errorId }]);
    expect(JSON.stringify(lines)).not.toContain('secret-key');
  });

  test('to a store that cannot be reached now is 503', async () => {
    const readMany = () => Promise.reject(new BanyanError('STORE_AWAY', 'away', { retryable: true }));
    expect(await told(appOn({ ...store, readMany }).request('/plain/o1'))).toMatchObject({ code: 503 });
  });
});

test('a fixed text is found before a parameter in its place, whatever the order of declaration', async () => {
  const byText = gateway()
    .read('GET /a/{id}', orders.byKey('id'), { public: true })
    .read(
      'GET /a',
      countries.byKey(() => 'pt'),
      { public: true },
    )
    .read(
      'GET /a/first',
      orders.byKey(() => 'o2'),
      { public: true },
    );
  app = appOn(store, { gateway: byText });
  expect((await ask('/a/first')).data).toMatchObject({ orderId: 'o2' });
  expect((await ask('/a/o1')).data).toMatchObject({ orderId: 'o1' });
});
