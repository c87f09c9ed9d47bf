import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient, PutItemCommand, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, expect, test } from '@jest/globals';
import { clientConfig } from './client-config.ts';
import type { Upstream } from './emulators.ts';
import { startProxy, type ProxiedCall, type ProxyAnswer } from './proxy.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A service that notes what comes, and answers always the same. */
async function service(status: number, text: string) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(status, { 'content-type': String(request.headers['content-type']) }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { received, endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

async function proxied(
  upstream: Upstream,
  name: 'dynamodb' | 'eventbridge',
  answer: (call: ProxiedCall) => Promise<ProxyAnswer | undefined> = (call) => call.pass(),
) {
  const proxy = await startProxy(upstream, name, answer);
  closing.push(() => proxy.close());
  // A client of another process, which knows nothing of the account.
  return { ...clientConfig({ kind: 'running', endpoint: proxy.endpoint }), maxAttempts: 1 };
}

/** Sets variables of the environment until the test is over. */
function setEnvironment(given: Readonly<Record<string, string>>): void {
  const before = process.env;
  process.env = { ...before, ...given };
  closing.push(async () => void (process.env = before));
}

const put = new PutItemCommand({ TableName: 't', Item: { k: { S: 'é' } } });
const asked = { TableName: 't', Item: { k: { S: 'é' } } };

test('a call and its answer pass as they are', async () => {
  const { received, endpoint } = await service(200, '{"Attributes":{"k":{"S":"ü"}}}');
  const client = new DynamoDBClient(await proxied({ kind: 'running', endpoint }, 'dynamodb'));
  expect((await client.send(put)).Attributes).toEqual({ k: { S: 'ü' } });
  client.destroy();
  expect(received.map(({ body }) => JSON.parse(body) as unknown)).toEqual([asked]);
  expect(received[0]?.headers).toMatchObject({
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'DynamoDB_20120810.PutItem',
  });
});

test('an error of the service is one of the client', async () => {
  const text = '{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no t"}';
  const { endpoint } = await service(400, text);
  const client = new DynamoDBClient(await proxied({ kind: 'running', endpoint }, 'dynamodb'));
  await expect(client.send(put)).rejects.toThrow(ResourceNotFoundException);
  client.destroy();
});

test('what is changed on the way is signed as the account has it, for its service and region', async () => {
  const { received, endpoint } = await service(200, '{"FailedEntryCount":0,"Entries":[]}');
  const [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY] = ['AKIDEXAMPLE', 'a secret'];
  setEnvironment({
    ...{ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN: 'a token', AWS_REGION: 'eu-north-1' },
    AWS_ENDPOINT_URL_EVENTBRIDGE: endpoint,
  });
  const body = JSON.stringify({ Entries: [{ Source: 'changed' }] });
  const config = await proxied({ kind: 'account' }, 'eventbridge', (call) => call.pass(body));
  const client = new EventBridgeClient(config);
  await client.send(new PutEventsCommand({ Entries: [{ Source: 'given' }] }));
  client.destroy();
  const [call] = received;
  expect(call?.body).toBe(body);
  expect(call?.headers).toMatchObject({
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'AWSEvents.PutEvents',
    'x-amz-security-token': 'a token',
    host: new URL(endpoint).host,
  });
  const scope = 'eu-north-1/events/aws4_request';
  expect(call?.headers.authorization).toBe(
    call && signed(call, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, scope),
  );
});

test('a call that nobody hears of breaks its connection', async () => {
  const { received, endpoint } = await service(200, '{}');
  const config = await proxied({ kind: 'running', endpoint }, 'dynamodb', async (call) => {
    await call.pass();
    return undefined;
  });
  const client = new DynamoDBClient(config);
  await expect(client.send(put)).rejects.toThrow('socket hang up');
  client.destroy();
  expect(received).toHaveLength(1);
});

test('a service that is not there breaks it too', async () => {
  const client = new DynamoDBClient(
    await proxied({ kind: 'running', endpoint: 'http://127.0.0.1:1' }, 'dynamodb'),
  );
  await expect(client.send(put)).rejects.toThrow('socket hang up');
  client.destroy();
});

/** The header `Authorization` of a request to `/` (IAM user guide, "Create a signed AWS API request"). */
function signed({ headers, body }: Received, id: string, secret: string, scope: string): string {
  const given = /SignedHeaders=([^,]+)/.exec(String(headers.authorization))?.[1] ?? '';
  const lines = given.split(';').map((name) => `${name}:${String(headers[name])}\n`);
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const canonical = ['POST', '/', '', lines.join(''), given, hash(body)].join('\n');
  const time = String(headers['x-amz-date']);
  const dated = `${time.slice(0, 8)}/${scope}`;
  const hmac = (key: string | Buffer, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  const key = dated.split('/').reduce<string | Buffer>(hmac, `AWS4${secret}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, dated, hash(canonical)].join('\n')).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${id}/${dated}, SignedHeaders=${given}, Signature=${signature}`;
}
