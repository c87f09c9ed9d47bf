import { expect, test } from '@jest/globals';
import { projection } from 'banyan/projections';
import { z } from 'zod';
import { gateway } from './gateway.ts';
import { openApiOf } from './openapi.ts';
import { appOn, liveStore, shopGateway } from './testing/orders.ts';

const group = { name: 'orders', owner: { team: 'checkout', contact: 'checkout@shop.example' } };

/** Follows a JSON pointer that begins with "#". */
function at(document: unknown, ref: string): unknown {
  return ref
    .split('/')
    .slice(1)
    .reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], document);
}

function refsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === '$ref' ? [String(inner)] : refsOf(inner),
  );
}

test('is served to anybody, as it is', async () => {
  const response = await appOn(await liveStore()).request('/openapi.json');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(JSON.parse(JSON.stringify(openApiOf(group, shopGateway))));
});

test('has every route with its parameters, codes and security', () => {
  const document = openApiOf(group, shopGateway);
  expect(document).toMatchObject({
    openapi: '3.1.0',
    info: { title: 'orders', contact: { name: 'checkout' } },
  });
  const paths = document['paths'] as Record<string, Record<string, Record<string, unknown>>>;
  expect(Object.keys(paths)).toEqual([
    '/health',
    '/plain/{id}',
    '/orders/{id}',
    '/customers/{id}/orders',
    '/places/{id}',
    '/found',
    '/orders',
    '/orders/{id}/cancellation',
  ]);
  expect(paths['/plain/{id}']?.['get']).not.toHaveProperty('security');
  const list = paths['/customers/{id}/orders']?.['get'];
  expect(list).toMatchObject({ operationId: 'getCustomersByIdOrders', security: [{ bearer: [] }] });
  const session = { $ref: '#/components/parameters/Session' };
  const [byRef, named] = [
    (list?.['parameters'] as object[]).at(-1),
    (list?.['parameters'] as { name: string }[]).slice(0, -1),
  ];
  expect(byRef).toEqual(session);
  expect(named.map(({ name }) => name)).toEqual(['id', 'limit', 'after', 'order']);
  expect(at(document, session.$ref)).toMatchObject({ name: 'banyan-session', in: 'header' });
  for (const name of ['banyan-session', 'banyan-parked', 'banyan-behind']) {
    expect(list).toHaveProperty(['responses', '200', 'headers', name]);
    expect(list).toHaveProperty(['responses', '304', 'headers', name]);
  }
  expect(list).not.toHaveProperty(['responses', '503', 'headers']);
  expect(paths['/found']?.['get']?.['parameters']).toEqual([
    expect.objectContaining({
      name: 'number',
      in: 'query',
      required: true,
      schema: expect.objectContaining({ type: 'integer' }),
    }),
    session,
  ]);
  const write = paths['/orders']?.['post'];
  expect(Object.keys(write?.['responses'] as object)).toEqual(
    expect.arrayContaining(['200', '201', '400', '401', '403', '413', '415', '502', '503', '504']),
  );
  expect(write?.['requestBody']).toMatchObject({ required: true });
});

test('every reference leads somewhere, of recursive and shared schemas too', () => {
  const Money = z.object({ amount: z.string() }).meta({ id: 'Money' });
  const Tree = z.object({
    price: Money,
    discount: Money,
    get parts() {
      return z.array(Tree);
    },
  });
  const tree = projection('tree', Tree as z.ZodType<object>);
  const document = openApiOf(group, gateway().read('GET /trees/{id}', tree.byKey('id')));
  const refs = refsOf(document);
  expect(refs.length).toBeGreaterThan(3);
  for (const ref of refs) expect([ref, at(document, ref)]).toEqual([ref, expect.anything()]);
});
