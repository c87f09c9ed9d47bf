import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLegacyAdapter } from 'banyan/legacy-adapter';
import { closeAll, silentLogger, type Closeable } from 'banyan/runtime';
import { eventually } from '../kit/eventually.ts';
import { startLocalIssuer, type LocalIssuer } from '../kit/local-issuer.ts';
import { jwt } from './identity.ts';
import { serveGateway, type ServedGateway } from './node-host.ts';
import { json, startStubMonolith, type StubMonolith } from './testing/monolith.ts';
import { appOn, liveStore, told, type Told } from './testing/orders.ts';

const started: Closeable[] = [];
let issuer: LocalIssuer;
let monolith: StubMonolith;
let served: ServedGateway;
let token: string;

function begun<Started extends Closeable>(one: Started): Started {
  started.push(one);
  return one;
}

async function serve(monolithUrl: string, jwksUrl: string): Promise<ServedGateway> {
  const baseUrl = monolithUrl;
  const legacy = begun(
    createLegacyAdapter({ baseUrl, identity: 'pass-on', timeoutMs: 300, logger: silentLogger }),
  );
  const identity = jwt({ jwksUrl, issuer: issuer.issuer, audience: 'shop' });
  const app = appOn(await liveStore(), { identity, legacy });
  return begun(await serveGateway({ app, port: 0, group: 'orders' }));
}

beforeAll(async () => {
  issuer = begun(await startLocalIssuer());
  monolith = begun(await startStubMonolith());
  served = await serve(monolith.url, issuer.jwksUrl);
  token = await issuer.sign({ sub: '7' });
});
afterAll(() => closeAll(started));
beforeEach(() => {
  monolith.received.length = 0;
});

const body = { lines: [{ sku: 'a', quantity: 1 }] };
function place(init: RequestInit = {}, url = served.url): Promise<Told> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    ...(init.headers as object),
  };
  return told(fetch(`${url}/orders`, { method: 'POST', body: JSON.stringify(body), ...init, headers }));
}
function read(bearer: string, url = served.url): Promise<Told> {
  return told(fetch(`${url}/orders/o1`, { headers: { authorization: `Bearer ${bearer}` } }));
}

describe('tokens', () => {
  test("an issuer's token tells who calls", async () => {
    expect(await read(token)).toMatchObject({ code: 200, data: { orderId: 'o1' } });
    expect(await read(await issuer.sign({ sub: '8' }))).toMatchObject({ code: 404 });
  });

  test('tokens that are wrong in any way are 401', async () => {
    const other = await startLocalIssuer();
    const past = Math.floor(Date.now() / 1000) - 60;
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const wrong = [
      await issuer.sign({ sub: '7', exp: past }),
      await issuer.sign({ sub: '7', aud: 'bank' }),
      await issuer.sign({ sub: '7', iss: 'https://elsewhere.example' }),
      await issuer.sign({ sub: '' }),
      await other.sign({ sub: '7', iss: issuer.issuer }),
      `${none}.${token.split('.')[1] ?? ''}.`,
      `${token.slice(0, -4)}AAAA`,
      'x',
    ];
    await other.close();
    for (const one of wrong) {
      expect(await read(one)).toMatchObject({ code: 401, status: 'notAuthenticated', data: null });
    }
  });

  test('while the keys cannot be had, nobody can say: 503', async () => {
    const gone = await startLocalIssuer();
    await gone.close();
    const url = (await serve(monolith.url, gone.jwksUrl)).url;
    expect(await read(token, url)).toMatchObject({ code: 503, status: 'error' });
  });
});

describe('writes', () => {
  test('are mapped there and back, with identity, idempotency key and trace', async () => {
    monolith.answer = json(201, { id: '42' });
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const answer = await place({
      headers: { 'idempotency-key': 'k-1', traceparent: `00-${trace}-00f067aa0ba902b7-01` },
    });
    expect(answer).toMatchObject({ code: 201, status: 'success', data: { orderId: '42' } });
    const [received] = monolith.received;
    expect(received).toMatchObject({
      method: 'POST',
      path: '/api/orders',
      body: { customer_id: '7', ...body },
    });
    expect(received?.headers).toMatchObject({ authorization: `Bearer ${token}`, 'idempotency-key': 'k-1' });
    expect(received?.headers['traceparent']).toContain(trace);
  });

  test('on a public route carry no identity; a path parameter stays within its segment', async () => {
    monolith.answer = json(200, {});
    const url = `${served.url}/orders/${encodeURIComponent('a/b?c')}/cancellation`;
    expect(await told(fetch(url, { method: 'POST' }))).toMatchObject({ code: 200, data: null });
    expect(monolith.received).toMatchObject([{ path: '/api/orders/a%2Fb%3Fc/cancel', body: undefined }]);
    expect(monolith.received[0]?.headers).not.toHaveProperty('authorization');
  });

  test('that are refused say so with the code and words of the monolith', async () => {
    monolith.answer = json(409, { error: 'sold out' });
    expect(await place()).toMatchObject({ code: 409, status: 'skipped', message: 'sold out' });
    monolith.answer = json(422, { error: 'no such coupon' });
    expect(await place()).toMatchObject({ code: 422, status: 'badRequest', message: 'no such coupon' });
    monolith.answer = json(429, { error: 'slowly' }, { 'retry-after': '9' });
    const later = await place();
    expect([later.code, later.headers.get('retry-after')]).toEqual([429, '9']);
  });

  test('whose answer has another shape were accepted, and that is said', async () => {
    monolith.answer = json(200, { number: 1 });
    expect(await place()).toMatchObject({ code: 502, status: 'error', data: { outcome: 'accepted' } });
  });

  test('that failed are 502; that are not answered or cut off are unknown, and sent once', async () => {
    monolith.answer = json(500, { stack: 'secret' });
    const failed = await place();
    expect(failed).toMatchObject({ code: 502, data: { outcome: 'failed' } });
    expect(JSON.stringify(failed)).not.toContain('secret');
    for (const answer of [() => undefined, (response: { destroy(): unknown }) => void response.destroy()]) {
      monolith.received.length = 0;
      monolith.answer = answer;
      const unknown = await place({ headers: { 'x-request-id': 'r-1' } });
      expect(unknown).toMatchObject({ code: 504, data: { outcome: 'unknown', requestId: 'r-1' } });
      expect(monolith.received.length).toBe(1);
    }
  });

  test('that cannot be sent are 503, to be tried again', async () => {
    const gone = await startStubMonolith();
    await gone.close();
    const { url } = await serve(gone.url, issuer.jwksUrl);
    const answer = await place({}, url);
    expect(answer).toMatchObject({ code: 503, status: 'error', data: { outcome: 'notSent' } });
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  test.each<[string, RequestInit, number]>([
    ['text', { headers: { 'content-type': 'text/plain' } }, 415],
    ['half of a JSON', { body: '{"lines":' }, 400],
    ['another shape', { body: '{"lines":[{"sku":"a","quantity":-1}]}' }, 400],
    ['too much', { body: JSON.stringify({ lines: 'x'.repeat(1_100_000) }) }, 413],
  ])('of %s never reach the monolith', async (_, init, code) => {
    const answer = await place(init);
    expect(answer).toMatchObject({ code, status: 'badRequest' });
    if (String(init.body).includes('-1')) expect(answer.message).toContain('lines.0.quantity');
    expect(monolith.received).toEqual([]);
  });
});

describe('the host', () => {
  test('names the gateway and what to do when its port is taken', async () => {
    const port = Number(new URL(served.url).port);
    const app = appOn(await liveStore());
    await expect(serveGateway({ app, port, group: 'invoices' })).rejects.toMatchObject({
      code: 'GATEWAY_PORT_IN_USE',
      message: expect.stringMatching(
        new RegExp(`"invoices".*127\\.0\\.0\\.1.*${port}.*gateways\\.ports\\.invoices`),
      ),
    });
  });

  test('answers in the standard body what is no request', async () => {
    const port = Number(new URL(served.url).port);
    const sent: [string, number][] = [
      ['nonsense\r\n\r\n', 400],
      [`GET /health HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ];
    for (const [bytes, code] of sent) {
      const socket = connect(port, '127.0.0.1');
      socket.write(bytes);
      const answered = await text(socket);
      expect(answered).toContain(`HTTP/1.1 ${code} `);
      expect(answered).toContain('{"status":"badRequest","message":');
    }
  });

  test('lets a request in flight end when it closes, and takes no more', async () => {
    const own = await serve(monolith.url, issuer.jwksUrl);
    let finish: () => void = () => undefined;
    monolith.answer = (response) => {
      finish = () => json(200, { id: '1' })(response);
    };
    const placed = place({}, own.url);
    await eventually(() => expect(monolith.received.length).toBe(1));
    const closing = own.close();
    finish();
    expect(await placed).toMatchObject({ code: 200, data: { orderId: '1' } });
    await closing;
    await expect(fetch(`${own.url}/health`)).rejects.toThrow();
  });
});
