import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '../../../kit/test-database.ts';
import { inconsistencies } from './books.ts';
import { loadClient, type Reply } from './load-client.ts';
import { clerk, customerLogin } from './seed-rows.ts';
import { seed } from './seeder.ts';
import { startMonolith, type Monolith } from './server.ts';

let databaseUrl: string;
let shop: Monolith;
let client: ReturnType<typeof loadClient>;
const failures: unknown[] = [];

beforeAll(async () => {
  databaseUrl = await testDatabase('shop');
  await seed(databaseUrl, { customers: 4, products: 12, orders: 20 });
  shop = await startMonolith({ databaseUrl, port: 0, onFailure: (error) => failures.push(error) });
  client = loadClient(shop.url, 8);
});

afterAll(async () => {
  client.close();
  await shop.close();
  expect(failures).toEqual([]);
});

async function tokenOf(login: string): Promise<string> {
  const { body } = await client.send('POST', '/api/login', { login, password: clerk.password });
  return String(body['token']);
}

const placed = async (token: string, order: unknown): Promise<Reply> =>
  client.send('POST', '/api/orders', order, token);

async function setPrice(sku: string, price: string): Promise<void> {
  const answer = await client.send(
    'PUT',
    `/api/products/${sku}/price`,
    { price },
    await tokenOf(clerk.login),
  );
  expect(answer).toEqual({ status: 200, body: { sku, price } });
}

describe('customers', () => {
  test('sign up, sign in, are renamed, get an address and leave', async () => {
    const account = { email: 'Ada@example.com', name: 'Ada', password: 'secret', born_on: '1990-02-28' };
    const signedUp = await client.send('POST', '/api/customers', account);
    expect(signedUp.status).toBe(201);
    const id = String(signedUp.body['id']);
    const session = await client.send('POST', '/api/login', { login: 'ada@example.com', password: 'secret' });
    expect(session.body['customer_id']).toBe(id);
    const token = String(session.body['token']);
    const home = { street: 'Ringweg 1', postcode: '10115', city: 'Berlin', country: 'de' };
    const added = await client.send('POST', `/api/customers/${id}/addresses`, { address: home }, token);
    expect(added.status).toBe(201);
    await client.send(
      'PATCH',
      `/api/customers/${id}`,
      { name: 'Ada B.', preferences: { paper: true } },
      token,
    );
    const { body } = await client.send('GET', `/api/customers/${id}`, undefined, token);
    expect(body).toMatchObject({
      name: 'Ada B.',
      email: 'ada@example.com',
      born_on: '1990-02-28',
      preferences: { paper: true },
      addresses: [{ ...home, country: 'DE' }],
    });
    expect((await client.send('DELETE', `/api/customers/${id}`, undefined, token)).status).toBe(200);
    expect((await client.send('GET', `/api/customers/${id}`, undefined, token)).status).toBe(401);
  });

  test('see only what is theirs', async () => {
    const token = await tokenOf(customerLogin(1));
    const status = async (method: string, path: string, body?: unknown, by?: string): Promise<number> =>
      (await client.send(method, path, body, by)).status;
    expect(await status('GET', '/api/customers/1', undefined, token)).toBe(200);
    expect(await status('GET', '/api/customers/2', undefined, token)).toBe(403);
    expect(await status('GET', '/api/customers/1')).toBe(401);
    expect(await status('GET', '/api/customers/1', undefined, 'made-up')).toBe(401);
    expect(await status('PUT', '/api/products/P-00001/price', { price: '1' }, token)).toBe(403);
    expect(await status('POST', '/api/login', { login: customerLogin(1), password: 'guess' })).toBe(401);
    expect(await status('DELETE', '/api/customers/1', undefined, token)).toBe(409);
  });
});

describe('orders', () => {
  test('a coupon of 15 % reduces the total, rounded half up', async () => {
    await setPrice('P-00001', '10.10');
    await setPrice('P-00002', '0.20');
    const order = {
      lines: [
        { sku: 'P-00002', quantity: 1 },
        { sku: 'P-00001', quantity: 3 },
      ],
      coupon: 'spring15',
    };
    const { status, body } = await placed(await tokenOf(customerLogin(2)), order);
    expect(status).toBe(201);
    // 30.50 of which 15 % are 4.575.
    expect(body).toMatchObject({ subtotal: '30.50', discount: '4.58', total: '25.92', status: 'new' });
    const shown = await client.send(
      'GET',
      `/api/orders/${String(body['id'])}`,
      undefined,
      await tokenOf(customerLogin(2)),
    );
    expect(shown.body['lines']).toEqual([
      { sku: 'P-00002', quantity: 1, unit_price: '0.20' },
      { sku: 'P-00001', quantity: 3, unit_price: '10.10' },
    ]);
  });

  test('a coupon never makes a total negative', async () => {
    await setPrice('P-00003', '3.00');
    const order = { lines: [{ sku: 'P-00003', quantity: 1 }], coupon: 'FIVER' };
    const { body } = await placed(await tokenOf(customerLogin(2)), order);
    expect(body).toMatchObject({ subtotal: '3.00', discount: '3.00', total: '0.00' });
  });

  test('are paid, shipped, and then not cancelled', async () => {
    const [token, staff] = [await tokenOf(customerLogin(3)), await tokenOf(clerk.login)];
    const { body } = await placed(token, { lines: [{ sku: 'P-00004', quantity: 2 }] });
    const path = `/api/orders/${String(body['id'])}`;
    const step = async (name: string, details: unknown, by: string): Promise<number> =>
      (await client.send('POST', `${path}/${name}`, details, by)).status;
    expect(await step('ship', { carrier: 'Post' }, staff)).toBe(409);
    expect(await step('pay', { method: 'barter' }, token)).toBe(400);
    expect(await step('pay', { method: 'card' }, token)).toBe(200);
    expect(await step('pay', { method: 'card' }, token)).toBe(409);
    expect(await step('ship', { carrier: 'Post' }, token)).toBe(403);
    expect(await step('ship', { carrier: 'Post' }, staff)).toBe(200);
    expect(await step('cancel', {}, token)).toBe(409);
    const shown = await client.send('GET', path, undefined, token);
    expect(shown.body['placed_at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  test('a cancelled order gives stock, coupon and gift card back', async () => {
    const [token, staff] = [await tokenOf(customerLogin(4)), await tokenOf(clerk.login)];
    const stock = async (): Promise<unknown> =>
      (await client.send('GET', '/api/products/P-00005')).body['stock'];
    const before = await stock();
    await client.send(
      'POST',
      '/api/coupons',
      { code: 'once', percent: 50, max_uses: 1, valid_from: '2024-01-01' },
      staff,
    );
    const card = { card_number: 'GC-TEST', customer_id: '4', balance: '9999.00' };
    await client.send('POST', '/api/gift-cards', card, staff);
    const order = { lines: [{ sku: 'P-00005', quantity: 2 }], coupon: 'ONCE' };
    const { body } = await placed(token, order);
    expect(await stock()).not.toEqual(before);
    expect((await placed(token, order)).status).toBe(422);
    const path = `/api/orders/${String(body['id'])}`;
    const payment = { method: 'gift-card', card_number: 'GC-TEST' };
    expect((await client.send('POST', `${path}/pay`, payment, token)).status).toBe(200);
    expect((await client.send('POST', `${path}/cancel`, {}, token)).status).toBe(200);
    expect(await stock()).toEqual(before);
    expect((await placed(token, order)).status).toBe(201);
  });

  test('an order that cannot be filled leaves nothing behind', async () => {
    const token = await tokenOf(customerLogin(1));
    const before = await client.send('GET', '/api/customers/1/orders', undefined, token);
    const lines = [
      { sku: 'P-00006', quantity: 1 },
      { sku: 'NO-SUCH', quantity: 1 },
    ];
    expect((await placed(token, { lines, coupon: 'FIVER' })).status).toBe(409);
    expect(await client.send('GET', '/api/customers/1/orders', undefined, token)).toEqual(before);
    expect(await inconsistencies(databaseUrl)).toEqual([]);
  });
});

test('the catalogue is browsed, added to and reviewed', async () => {
  const [token, staff] = [await tokenOf(customerLogin(1)), await tokenOf(clerk.login)];
  const product = { sku: 'NEW-1', category_id: 1, name: 'Brass Bell', price: '12.00', keywords: ['brass'] };
  expect((await client.send('POST', '/api/products', product, staff)).status).toBe(201);
  expect((await client.send('POST', '/api/products', product, staff)).status).toBe(409);
  await client.send('POST', '/api/products/NEW-1/stock', { warehouse: 'quay', quantity: 5 }, staff);
  await client.send('POST', '/api/products/NEW-1/reviews', { stars: 4 }, token);
  const shown = await client.send('GET', '/api/products/NEW-1');
  expect(shown.body).toMatchObject({ name: 'Brass Bell', stock: { quay: 5 }, stars: '4.00' });
  expect((await client.send('DELETE', '/api/products/NEW-1/reviews', undefined, token)).status).toBe(200);
  expect((await client.send('POST', '/api/products/NEW-1/discontinue', {}, staff)).status).toBe(200);
  expect((await placed(token, { lines: [{ sku: 'NEW-1', quantity: 1 }] })).status).toBe(422);
  const listed = await client.send('GET', '/api/products?category=1&limit=200');
  expect(JSON.stringify(listed.body)).not.toContain('NEW-1');
});

test.each([
  ['POST', '/api/customers', { email: 'nobody', name: 'N', password: 'p' }, 400],
  ['POST', '/api/customers', { email: customerLogin(1), name: 'N', password: 'p' }, 409],
  ['POST', '/api/customers', { email: 'a@b', name: 'a\0b', password: 'p' }, 400],
  ['POST', '/api/orders', { lines: [] }, 401],
  ['GET', '/api/products/none', undefined, 404],
  ['GET', '/api/products?limit=0', undefined, 400],
  ['GET', '/api/nothing', undefined, 404],
  ['GET', '/api/products/%E0%A4%A', undefined, 400],
] as const)('%s %s with %j is answered with %d', async (method, path, body, expected) => {
  const reply = await client.send(method, path, body);
  expect(reply.status).toBe(expected);
  expect(typeof reply.body['error']).toBe('string');
});

test('what is not JSON is refused', async () => {
  const response = await fetch(`${shop.url}/api/login`, { method: 'POST', body: '{"login":' });
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ error: 'the body is not JSON' });
});
