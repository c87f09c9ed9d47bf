import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, expect, test } from '@jest/globals';
import { awsClient, type AwsClientOptions } from './aws-client.ts';
import {
  dynamodbAnswer,
  dynamodbError,
  startUpstream,
  type Upstream,
  type UpstreamAnswer,
} from './testing/http-upstream.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function upstream(...answers: readonly UpstreamAnswer[]): Promise<Upstream> {
  const started = await startUpstream(...answers);
  closing.push(() => started.close());
  return started;
}

function clientOf(endpoint: string, given: Partial<AwsClientOptions> = {}) {
  const latencies: [string, number][] = [];
  const client = awsClient(DynamoDBClient, {
    upstream: 'dynamodb',
    region: 'us-east-1',
    endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    metrics: { latency: (name, milliseconds) => void latencies.push([name, milliseconds]) },
    ...given,
  });
  closing.push(async () => client.destroy());
  return { client, latencies };
}

const ask = new GetItemCommand({ TableName: 't', Key: { k: { S: 'a' } } });
const found = dynamodbAnswer(200, { Item: { k: { S: 'a' } } });
const failed = dynamodbError(500, 'InternalServerError');

test('calls one after the other share a connection, and each is told', async () => {
  const { endpoint, sockets } = await upstream(found);
  const { client, latencies } = clientOf(endpoint);
  for (let call = 0; call < 5; call += 1) await client.send(ask);
  expect(sockets.size).toBe(1);
  expect(latencies.map(([name]) => name)).toEqual(Array.from({ length: 5 }, () => 'dynamodb'));
  for (const [, milliseconds] of latencies) expect(milliseconds).toBeGreaterThan(0);
});

test('what failed for the moment is tried again, and each attempt is told', async () => {
  const { endpoint, calls } = await upstream(failed, found);
  const { client, latencies } = clientOf(endpoint);
  expect((await client.send(ask)).Item).toEqual({ k: { S: 'a' } });
  expect(calls).toHaveLength(2);
  expect(latencies).toHaveLength(2);
});

test('attempts are bounded', async () => {
  const { endpoint, calls } = await upstream(failed);
  const { client } = clientOf(endpoint, { maxAttempts: 2 });
  await expect(client.send(ask)).rejects.toThrow(expect.objectContaining({ name: 'InternalServerError' }));
  expect(calls).toHaveLength(2);
});

test('an upstream that does not answer is given up, and asked again', async () => {
  const { endpoint, calls } = await upstream(() => undefined, found);
  const { client } = clientOf(endpoint, { requestMs: 100 });
  expect((await client.send(ask)).Item).toBeDefined();
  expect(calls).toHaveLength(2);
});

test('an answer that stalls within its body is given up, and asked for again', async () => {
  const { endpoint, calls } = await upstream((answer) => {
    answer.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': '1000' });
    answer.write('{"Item":');
  }, found);
  const { client } = clientOf(endpoint, { requestMs: 100 });
  expect((await client.send(ask)).Item).toBeDefined();
  expect(calls).toHaveLength(2);
});

test('a connection that died while the function was frozen is opened again', async () => {
  const { endpoint, sockets } = await upstream(found);
  const { client } = clientOf(endpoint);
  await client.send(ask);
  for (const socket of sockets) socket.resetAndDestroy();
  expect((await client.send(ask)).Item).toBeDefined();
  expect(sockets.size).toBe(2);
});

test('a region that is missing says what to do, at the first call', async () => {
  const { endpoint, calls } = await upstream(found);
  const given = {
    AWS_REGION: undefined,
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const before = Object.keys(given).map((name) => [name, process.env[name]] as const);
  const set = (entries: readonly (readonly [string, string | undefined])[]): void => {
    for (const [name, value] of entries) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  };
  set(Object.entries(given));
  try {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const client = awsClient(DynamoDBClient, { upstream: 'dynamodb', endpoint, credentials });
    closing.push(async () => client.destroy());
    const message = expect.stringMatching(
      /client of dynamodb .* Set AWS_REGION, .* or `region` of awsClient/,
    );
    await expect(client.send(ask)).rejects.toMatchObject({ code: 'AWS_REGION_MISSING', message });
    expect(calls).toEqual([]);
  } finally {
    set(before);
  }
});
