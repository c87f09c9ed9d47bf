import { DynamoDBClient, GetItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../../kit/eventually.ts';
import type { Closeable } from '../lifecycle.ts';
import { BanyanError } from '../errors.ts';
import { awsClient, type AwsClientOptions } from './aws-client.ts';
import {
  dynamodbAnswer,
  dynamodbError,
  startUpstream,
  type UpstreamAnswer,
} from './testing/http-upstream.ts';
import { startXrayListener, type SentSubsegment, type XrayListener } from './testing/xray-listener.ts';
import type { Tracer } from './tracer.ts';
import { xrayTracer, type XrayTracerOptions } from './xray-tracer.ts';

const closing: Closeable[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});

const traceId = '1-5759e988-bd862e3fe1be46a994272793';
const segment = '53995c3f42cd8ad8';
const sampled = `Root=${traceId};Parent=${segment};Sampled=1;Lineage=25:a87bd80c:1`;

async function listened(given: XrayTracerOptions = {}) {
  const listener = await startXrayListener();
  closing.push(listener);
  const tracer = xrayTracer({ daemon: listener.address, header: () => sampled, ...given });
  return { listener, tracer };
}

/** The documents, once there are so many. */
async function documentsOf(listener: XrayListener, count: number): Promise<readonly SentSubsegment[]> {
  await eventually(() => expect(listener.datagrams.length).toBeGreaterThanOrEqual(count));
  expect(listener.datagrams).toHaveLength(count);
  return listener.documents();
}

async function dynamodbOf(
  tracer: Tracer,
  answers: readonly UpstreamAnswer[],
  given: Partial<AwsClientOptions> = {},
): Promise<DynamoDBClient> {
  const upstream = await startUpstream(...answers);
  const client = awsClient(DynamoDBClient, optionsOf(upstream.endpoint, tracer, given));
  closing.push(upstream, { close: async () => client.destroy() });
  return client;
}

function optionsOf(
  endpoint: string,
  tracer: Tracer,
  given: Partial<AwsClientOptions> = {},
): AwsClientOptions {
  const credentials = { accessKeyId: 'the-access-key', secretAccessKey: 'the-secret-key' };
  return { upstream: 'test', region: 'eu-west-1', endpoint, credentials, tracer, ...given };
}

const ask = new GetItemCommand({ TableName: 'orders', Key: { k: { S: 'private-key' } } });
const found = dynamodbAnswer(200, { Item: { k: { S: 'private-key' }, d: { S: 'private-document' } } });

test('work is a subsegment of the invocation, sent when it begins and when it ends', async () => {
  let now = 1_700_000_000_000;
  const { listener, tracer } = await listened({ clock: { now: () => now } });
  const annotations = { group: 'orders', generation: 3, 'is live': true };
  const result = await tracer.traced({ name: 'order-summary <g3>', annotations }, async (span) => {
    now += 250;
    span.annotate({ events: 12 });
    return 'done';
  });
  expect(result).toBe('done');
  const [begin, end] = await documentsOf(listener, 2);
  const place = { trace_id: traceId, parent_id: segment, type: 'subsegment' };
  const same = { ...place, id: expect.stringMatching(/^[0-9a-f]{16}$/), name: 'order-summary _g3_' };
  const told = { group: 'orders', generation: 3, is_live: true };
  expect(begin).toEqual({ ...same, start_time: 1_700_000_000, in_progress: true, annotations: told });
  expect(end).toEqual({
    ...{ ...same, id: begin?.id, start_time: 1_700_000_000, end_time: 1_700_000_000.25 },
    annotations: { ...told, events: 12 },
  });
});

test('work within work, and calls, are parts of it, also side by side', async () => {
  const { listener, tracer } = await listened();
  const client = await dynamodbOf(tracer, [found]);
  await tracer.traced({ name: 'outer' }, async () => {
    await Promise.all(['a', 'b'].map((name) => tracer.traced({ name }, () => client.send(ask))));
  });
  const documents = await documentsOf(listener, 8);
  const idOf = (name: string): unknown => documents.find((one) => one.name === name)?.id;
  expect(documents.filter(({ name }) => name === 'a' || name === 'b').map((one) => one.parent_id)).toEqual(
    Array.from({ length: 4 }, () => idOf('outer')),
  );
  const calls = documents.filter(({ name }) => name === 'DynamoDB');
  expect(calls.map((one) => one.parent_id).sort()).toEqual([idOf('a'), idOf('b')].sort());
  expect(new Set(documents.map(({ id }) => id)).size).toBe(5);
});

test('a call tells its operation, table, retries and request', async () => {
  const { listener, tracer } = await listened();
  const client = await dynamodbOf(tracer, [dynamodbError(500, 'InternalServerError'), found]);
  await client.send(ask);
  const [call] = await documentsOf(listener, 1);
  expect(call).toEqual({
    ...{ name: 'DynamoDB', id: call?.id, trace_id: traceId, parent_id: segment, type: 'subsegment' },
    ...{ start_time: expect.any(Number), end_time: expect.any(Number), namespace: 'aws' },
    aws: { operation: 'GetItem', region: 'eu-west-1', table_name: 'orders', retries: 1 },
    http: { response: { status: 200 } },
  });
});

test('transactions tell their tables, SQS its queue, other services what they are', async () => {
  const { listener, tracer } = await listened();
  const client = await dynamodbOf(tracer, [dynamodbAnswer(200, {})]);
  const Key = { k: { S: 'private-key' } };
  await client.send(
    new TransactWriteItemsCommand({
      TransactItems: [
        { ConditionCheck: { TableName: 'guards', Key, ConditionExpression: 'attribute_exists(k)' } },
        { Put: { TableName: 'orders', Item: Key } },
        { Put: { TableName: 'orders', Item: Key } },
      ],
    }),
  );
  const upstream = await startUpstream(dynamodbAnswer(200, { MessageId: 'm', MD5OfMessageBody: '' }));
  const queues = awsClient(SQSClient, optionsOf(upstream.endpoint, tracer));
  closing.push(upstream, { close: async () => queues.destroy() });
  const queue = `${upstream.endpoint}/000000000000/orders`;
  await queues
    .send(new SendMessageCommand({ QueueUrl: queue, MessageBody: 'private-document' }))
    // The checksum of the body: the SDK looks at it.
    .catch(() => undefined);
  const [transaction, message] = await documentsOf(listener, 2);
  expect(transaction?.aws).toMatchObject({
    operation: 'TransactWriteItems',
    table_names: ['guards', 'orders'],
  });
  expect(message).toMatchObject({ name: 'SQS', aws: { operation: 'SendMessage', queue_url: queue } });
});

test.each([
  { status: 400, name: 'ConditionalCheckFailedException', flags: ['error'] },
  { status: 400, name: 'ProvisionedThroughputExceededException', flags: ['error', 'throttle'] },
  { status: 429, name: 'SomeNewException', flags: ['error', 'throttle'] },
  { status: 503, name: 'ServiceUnavailable', flags: ['fault'] },
])('a call that fails with $name says so, and nothing of its message', async ({ status, name, flags }) => {
  const { listener, tracer } = await listened();
  const client = await dynamodbOf(tracer, [dynamodbError(status, name, 'about private-key')], {
    maxAttempts: 1,
  });
  await expect(client.send(ask)).rejects.toThrow(expect.objectContaining({ name }));
  const [call] = await documentsOf(listener, 1);
  const { cause, ...told } = call ?? ({} as SentSubsegment);
  const isTold = (flag: string): boolean => told[flag] === true;
  expect(['error', 'throttle', 'fault'].filter(isTold)).toEqual(flags);
  expect(cause).toEqual({ exceptions: [{ id: expect.any(String), type: name }] });
});

test('a call whose upstream is away is a fault', async () => {
  const { listener, tracer } = await listened();
  const client = awsClient(DynamoDBClient, optionsOf('http://127.0.0.1:1', tracer, { maxAttempts: 2 }));
  closing.push({ close: async () => client.destroy() });
  await expect(client.send(ask)).rejects.toThrow();
  const [call] = await documentsOf(listener, 1);
  expect(call).toMatchObject({ fault: true, aws: { operation: 'GetItem', retries: 1 } });
});

test('work that fails is a fault with the code of its error alone, which is thrown as it was', async () => {
  const { listener, tracer } = await listened();
  const error = new BanyanError('VIEW_STORE_UNREACHABLE', 'about private-key');
  const failing = tracer.traced({ name: 'batch' }, () => Promise.reject(error));
  await expect(failing).rejects.toBe(error);
  const [, end] = await documentsOf(listener, 2);
  expect(end).toMatchObject({ fault: true, cause: { exceptions: [{ type: 'VIEW_STORE_UNREACHABLE' }] } });
});

test('nothing of what is sent or answered, and no secret, is in a trace', async () => {
  const { listener, tracer } = await listened();
  const client = await dynamodbOf(tracer, [found, dynamodbError(400, 'ValidationException', 'private-key')]);
  await tracer.traced({ name: 'batch' }, async () => {
    await client.send(ask);
    await client.send(ask).catch(() => undefined);
  });
  await documentsOf(listener, 4);
  expect(listener.datagrams.join('\n')).not.toMatch(/private|secret|access-key/);
});

test('traces of what the work is about are linked, each once, up to twenty', async () => {
  const { listener, tracer } = await listened();
  const of = (at: number, span = 'b7ad6b7169203331'): string =>
    `00-${String(at).padStart(8, '0')}e8d5b3dd8a44aa0d6ecb12c7-${span}-01`;
  const one = { trace_id: '1-00000001-e8d5b3dd8a44aa0d6ecb12c7', id: 'b7ad6b7169203331' };
  await tracer.traced(
    { name: 'few', links: () => [of(1), of(1, '00f067aa0ba902b7'), 'none'] },
    async () => 1,
  );
  await tracer.traced(
    { name: 'many', links: () => Array.from({ length: 50 }, (_, at) => of(at)) },
    async () => 1,
  );
  const [few, , many] = await documentsOf(listener, 4);
  expect(few?.['links']).toEqual([one]);
  expect(few?.annotations).toEqual({ linkedTraces: '00000001e8d5b3dd8a44aa0d6ecb12c7' });
  expect(many?.['links']).toHaveLength(20);
  expect(String(many?.annotations?.['linkedTraces']).length).toBeLessThanOrEqual(1000);
});

test('of many calls so many are shown, and the work says how many are not', async () => {
  const { listener, tracer } = await listened({ mostCalls: 3 });
  const client = await dynamodbOf(tracer, [
    found,
    found,
    found,
    found,
    found,
    dynamodbError(400, 'Odd'),
    found,
  ]);
  const ten = async (): Promise<void> => {
    for (let call = 0; call < 10; call += 1) await client.send(ask).catch(() => undefined);
  };
  await tracer.traced({ name: 'batch' }, ten);
  const documents = await documentsOf(listener, 6);
  expect(documents.filter((one) => one['error'])).toHaveLength(1);
  expect(documents.at(-1)?.annotations).toEqual({ callsLeftOut: 6 });
});

test.each([
  { what: 'no trace header', header: undefined },
  { what: 'an invocation that is not sampled', header: `Root=${traceId};Parent=${segment};Sampled=0` },
  { what: 'one that is not decided', header: `Root=${traceId}` },
  { what: 'a header that is none', header: 'none' },
])('with $what nothing is sent or asked for', async ({ header }) => {
  const { listener, tracer } = await listened({ header: () => header });
  const client = await dynamodbOf(tracer, [found]);
  let asked = 0;
  const links = (): readonly string[] => [String((asked += 1))];
  await tracer.traced({ name: 'batch', links }, async (span) => {
    span.annotate({ events: 1 });
    await client.send(ask);
  });
  await xrayTracer({ daemon: listener.address, header: () => sampled }).traced(
    { name: 'last' },
    async () => 1,
  );
  const documents = await documentsOf(listener, 2);
  expect(documents.map(({ name }) => name)).toEqual(['last', 'last']);
  expect(asked).toBe(0);
});

test.each([
  { what: 'is away', daemon: '127.0.0.1:9' },
  { what: 'has a name that nobody knows', daemon: 'nobody.invalid:2000' },
  { what: 'has an address that is none', daemon: 'nobody' },
  { what: 'has a port that is none', daemon: '127.0.0.1:99999' },
  { what: 'has no address', daemon: '' },
])('where the daemon $what the work is done as without it', async ({ daemon }) => {
  const tracer = xrayTracer({ daemon, header: () => sampled });
  const client = await dynamodbOf(tracer, [found]);
  const links = (): readonly string[] => {
    throw new Error('links cannot be told');
  };
  for (let round = 0; round < 3; round += 1) {
    const { Item } = await tracer.traced({ name: 'batch', links }, () => client.send(ask));
    expect(Item).toBeDefined();
  }
});

test("the daemon's address may name both protocols, as for X-Ray's own SDKs", async () => {
  const listener = await startXrayListener();
  closing.push(listener);
  const daemon = `tcp:127.0.0.1:1 udp:${listener.address}`;
  await xrayTracer({ daemon, header: () => sampled }).traced({ name: 'batch' }, async () => 1);
  await documentsOf(listener, 2);
});

test('on Lambda address and header are those of the environment', async () => {
  const { listener } = await listened();
  const before = { ...process.env };
  Object.assign(process.env, { AWS_XRAY_DAEMON_ADDRESS: listener.address, _X_AMZN_TRACE_ID: sampled });
  try {
    await xrayTracer().traced({ name: 'batch' }, async () => 1);
  } finally {
    process.env = before;
  }
  const [begin] = await documentsOf(listener, 2);
  expect(begin).toMatchObject({ trace_id: traceId, parent_id: segment });
});
