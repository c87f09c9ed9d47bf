import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { testDatabase } from '../../../kit/test-database.ts';
import { seed } from './seeder.ts';
import { startMonolith, type Monolith } from './server.ts';

const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const issuer = createServer((_request, response) => {
  response.end(JSON.stringify({ keys: [{ ...ours.publicKey.export({ format: 'jwk' }), kid: 'k1' }] }));
});
let shop: Monolith;

beforeAll(async () => {
  issuer.listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  const { port } = issuer.address() as AddressInfo;
  const databaseUrl = await testDatabase('shop_tokens');
  await seed(databaseUrl, { customers: 2, products: 10, orders: 3 });
  shop = await startMonolith({ databaseUrl, port: 0, jwksUrl: `http://127.0.0.1:${port}/jwks` });
});

afterAll(async () => {
  await shop.close();
  issuer.closeAllConnections();
  issuer.close();
});

async function customerOne(claims: Record<string, unknown>, key = ours.privateKey): Promise<number> {
  const token = await new SignJWT({ exp: Date.now() / 1000 + 600, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .sign(key);
  return status(token);
}

async function status(token: string): Promise<number> {
  const response = await fetch(`${shop.url}/api/customers/1`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await response.arrayBuffer();
  return response.status;
}

test("a company token's subject is the customer's number", async () => {
  expect(await customerOne({ sub: '1' })).toBe(200);
  expect(await customerOne({ sub: '2' })).toBe(403);
  expect(await customerOne({ sub: 'ada' })).toBe(400);
});

test('scope staff marks an employee', async () => {
  expect(await customerOne({ sub: 'ada', scope: 'openid staff' })).toBe(200);
});

test('expired, foreign, unsigned and malformed tokens are refused', async () => {
  expect(await customerOne({ sub: '1', exp: 1 })).toBe(401);
  expect(await customerOne({ sub: '1', nbf: Date.now() / 1000 + 600 })).toBe(401);
  expect(await customerOne({ sub: '1' }, foreign.privateKey)).toBe(401);
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  expect(await status(`${part({ alg: 'none', kid: 'k1' })}.${part({ sub: '1', exp: 9e9 })}.`)).toBe(401);
  expect(await status('a.b.c')).toBe(401);
});
