import { createServer, type Socket } from 'node:net';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from 'banyan/runtime';
import { freePort } from '../kit/postgres-server.ts';
import { eventually } from '../kit/eventually.ts';
import type { Caller } from './caller.ts';
import {
  createLegacyAdapter,
  type LegacyAdapter,
  type LegacyAdapterOptions,
  type LegacyWrite,
} from './legacy-adapter.ts';
import { answerJson, startStubMonolith, type Arrived, type StubMonolith } from './testing/stub-monolith.ts';

const started: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.close();
});

const who: Caller = { sub: 'c1', claims: { sub: 'c1' }, token: 'the.token.itself' };
const order: LegacyWrite = { method: 'POST', path: '/api/orders', body: { sku: 'a' }, who };

async function monolith(
  behave: (response: ServerResponse, request: Arrived) => void,
  options: Partial<LegacyAdapterOptions> = {},
): Promise<{ readonly stub: StubMonolith; readonly adapter: LegacyAdapter }> {
  const stub = await startStubMonolith(behave);
  started.push(stub);
  return { stub, adapter: adapterTo(stub.url, options) };
}

function adapterTo(baseUrl: string, options: Partial<LegacyAdapterOptions> = {}): LegacyAdapter {
  const adapter = createLegacyAdapter({ baseUrl, identity: 'pass-on', logger: silentLogger, ...options });
  started.push(adapter);
  return adapter;
}

/** A TCP server that does with a connection's first bytes whatever it likes. */
async function rawServer(onBytes: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('data', () => onBytes(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  started.push({
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a request', () => {
  test("carries the body, the caller's own token, the key and the trace, and arrives once", async () => {
    const { stub, adapter } = await monolith((response) => answerJson(response, 201, { id: '7' }));
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const result = await adapter.write({ ...order, idempotencyKey: 'k-1', traceparent });
    expect(result).toEqual({ kind: 'accepted', status: 201, body: { id: '7' } });
    expect(stub.arrived).toHaveLength(1);
    const [arrived] = stub.arrived;
    expect(arrived).toMatchObject({ method: 'POST', path: '/api/orders', body: '{"sku":"a"}' });
    expect(arrived?.headers).toMatchObject({
      authorization: 'Bearer the.token.itself',
      'idempotency-key': 'k-1',
      'content-type': 'application/json',
    });
    expect(arrived?.headers['traceparent']).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad)/);
  });

  test('may name the caller by headers of the environment, or nobody', async () => {
    const { stub, adapter } = await monolith((response) => answerJson(response, 200, null), {
      identity: ({ sub }) => ({ 'x-user': sub }),
    });
    await adapter.write(order);
    await adapter.write({ ...order, who: undefined });
    expect(stub.arrived.map(({ headers }) => [headers['x-user'], headers.authorization])).toEqual([
      ['c1', undefined],
      [undefined, undefined],
    ]);
  });

  test('goes below the path of the base URL, and not out of it', async () => {
    const { stub } = await monolith((response) => answerJson(response, 200, null));
    const adapter = adapterTo(`${stub.url}/shop/`);
    await adapter.write({ ...order, path: '/orders/a%2Fb', body: undefined });
    expect(stub.arrived[0]).toMatchObject({ path: '/shop/orders/a%2Fb', body: '' });
    for (const path of ['/../admin', '/orders/%2e%2e/%2e%2e/admin', '//evil.example/x', 'orders', '/a?b=c']) {
      const result = adapter.write({ ...order, path });
      await (path === '//evil.example/x' ? result : expect(result).rejects.toThrow('legacy path'));
    }
    expect(stub.arrived.slice(1).map(({ path }) => path)).toEqual(['/shop//evil.example/x']);
  });
});

describe('answers', () => {
  test('JSON is JSON, text is text, nothing is undefined, broken JSON is text', async () => {
    const { adapter } = await monolith((response, { path }) => {
      const bodies: Record<string, [string, string]> = {
        '/json': ['application/problem+json; charset=utf-8', '{"a":1}'],
        '/text': ['text/html', '<p>'],
        '/broken': ['application/json', '{"a":'],
        '/empty': ['application/json', ''],
      };
      const [type, body] = bodies[path] ?? ['', ''];
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    const body = async (path: string) => adapter.write({ ...order, path });
    expect(await body('/json')).toMatchObject({ kind: 'accepted', body: { a: 1 } });
    expect(await body('/text')).toMatchObject({ kind: 'accepted', body: '<p>' });
    expect(await body('/broken')).toMatchObject({ kind: 'accepted', body: '{"a":' });
    expect(await body('/empty')).toMatchObject({ kind: 'accepted', body: undefined });
  });

  test('a refusal brings its status, body and Retry-After', async () => {
    const { adapter } = await monolith((response) =>
      answerJson(response, 429, { error: 'slower' }, { 'retry-after': '7' }),
    );
    expect(await adapter.write(order)).toEqual({
      kind: 'refused',
      status: 429,
      body: { error: 'slower' },
      retryAfter: '7',
    });
  });

  test('500 and 503 are failures, 502 and 504 leave it unknown; none is repeated', async () => {
    const { stub, adapter } = await monolith((response, { path }) =>
      answerJson(response, Number(path.slice(1)), { secret: 'stack trace' }),
    );
    const at = (status: number) => adapter.write({ ...order, path: `/${status}` });
    expect(await at(500)).toEqual({ kind: 'failed', status: 500 });
    expect(await at(503)).toEqual({ kind: 'failed', status: 503 });
    expect(await at(502)).toEqual({ kind: 'unknown', reason: 'proxyFailed', status: 502 });
    expect(await at(504)).toEqual({ kind: 'unknown', reason: 'proxyFailed', status: 504 });
    expect(stub.arrived).toHaveLength(4);
  });

  test('a redirect is not followed', async () => {
    const { stub, adapter } = await monolith((response, { path }) => {
      response.writeHead(Number(path.slice(1)), { location: '/elsewhere' }).end();
    });
    const at = (status: number) => adapter.write({ ...order, path: `/${status}` });
    expect(await at(303)).toEqual({ kind: 'unknown', reason: 'redirected', status: 303 });
    expect(await at(307)).toEqual({ kind: 'failed', status: 307 });
    expect(stub.arrived.map(({ path }) => path)).toEqual(['/303', '/307']);
  });

  test('an answer of any size is read no further than the bound', async () => {
    const { adapter } = await monolith(
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const more = (): void => {
          if (!response.destroyed) response.write('x'.repeat(65_536), more);
        };
        more();
      },
      { maxAnswerBytes: 100_000 },
    );
    expect(await adapter.write(order)).toEqual({ kind: 'acceptedUnread', status: 200 });
  });
});

describe('a write whose outcome is not known', () => {
  test('the monolith does not answer in time', async () => {
    const { stub, adapter } = await monolith(() => undefined, { timeoutMs: 200 });
    expect(await adapter.write(order)).toEqual({ kind: 'unknown', reason: 'timeout' });
    expect(stub.arrived).toHaveLength(1);
  });

  test('it answers in time, and then does not end', async () => {
    const { adapter } = await monolith(
      (response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{"id":'),
      { timeoutMs: 300 },
    );
    expect(await adapter.write(order)).toEqual({ kind: 'unknown', reason: 'timeout', status: 200 });
  });

  test('the connection is reset before the answer', async () => {
    let times = 0;
    const url = await rawServer((socket) => {
      times += 1;
      socket.resetAndDestroy();
    });
    expect(await adapterTo(url).write(order)).toEqual({ kind: 'unknown', reason: 'connectionLost' });
    expect(times).toBe(1);
  });

  test('the connection is reset in the middle of the answer', async () => {
    const url = await rawServer((socket) => {
      socket.write(
        'HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"id":',
      );
      setImmediate(() => socket.end());
    });
    expect(await adapterTo(url).write(order)).toEqual({
      kind: 'unknown',
      reason: 'answerBroken',
      status: 201,
    });
  });

  test('the answer is not HTTP', async () => {
    const url = await rawServer((socket) => socket.end('nonsense\r\n\r\n'));
    expect(await adapterTo(url).write(order)).toEqual({ kind: 'unknown', reason: 'connectionLost' });
  });
});

describe('a write that was surely not sent', () => {
  test('nobody listens', async () => {
    const adapter = adapterTo(`http://127.0.0.1:${await freePort()}`);
    expect(await adapter.write(order)).toEqual({
      kind: 'notSent',
      reason: 'unreachable',
      code: 'ECONNREFUSED',
    });
  });

  test('the name is not known', async () => {
    const adapter = adapterTo('http://no-such-host.invalid');
    expect(await adapter.write(order)).toMatchObject({ kind: 'notSent', reason: 'unreachable' });
  });

  test('the TLS handshake never ends', async () => {
    let arrived = '';
    const url = await rawServer((socket) =>
      socket.on('data', (bytes) => (arrived += bytes.toString('latin1'))),
    );
    const adapter = adapterTo(url.replace('http:', 'https:'), { timeoutMs: 200 });
    expect(await adapter.write(order)).toMatchObject({ kind: 'notSent', reason: 'unreachable' });
    expect(arrived).not.toContain('POST');
  });

  test('too many are under way and wait', async () => {
    const held: ServerResponse[] = [];
    const { stub, adapter } = await monolith((response) => void held.push(response), {
      concurrency: { limit: 1, queue: 1, queueTimeoutMs: 150 },
    });
    const first = adapter.write(order);
    await eventually(() => expect(held).toHaveLength(1));
    const second = adapter.write(order);
    expect(await adapter.write(order)).toEqual({ kind: 'notSent', reason: 'queueFull' });
    expect(await second).toEqual({ kind: 'notSent', reason: 'queueTimeout' });
    for (const response of held) answerJson(response, 200, 1);
    expect(await first).toMatchObject({ kind: 'accepted' });
    expect(stub.arrived).toHaveLength(1);
  });

  test('the adapter is closed; closing waits for what is under way', async () => {
    const held: ServerResponse[] = [];
    const { adapter } = await monolith((response) => void held.push(response));
    const first = adapter.write(order);
    await eventually(() => expect(held).toHaveLength(1));
    const closing = adapter.close();
    expect(await adapter.write(order)).toEqual({ kind: 'notSent', reason: 'closed' });
    for (const response of held) answerJson(response, 200, 1);
    await closing;
    expect(await first).toMatchObject({ kind: 'accepted' });
  });
});

test('a header that cannot be is an error of the environment, before anything is sent', async () => {
  const { stub, adapter } = await monolith((response) => answerJson(response, 200, 1), {
    identity: () => ({ 'x-user': 'a\r\nb: c' }),
  });
  await expect(adapter.write(order)).rejects.toMatchObject({ code: 'LEGACY_REQUEST_INVALID' });
  expect(stub.arrived).toEqual([]);
});

test.each(['shop', 'ftp://shop', 'http://u:secret@shop', 'http://shop/?a', 'http://shop/#a'])(
  'the base URL %s is refused, and not repeated in the message',
  (baseUrl) => {
    const make = () => createLegacyAdapter({ baseUrl, identity: 'pass-on', logger: silentLogger });
    expect(make).toThrow('base URL of the monolith is not valid');
    expect(make).not.toThrow('secret');
  },
);
