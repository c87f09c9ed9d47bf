import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, ListEventBusesCommand } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, ListMessageMoveTasksCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, expect, test } from '@jest/globals';
import { clientConfig } from './client-config.ts';
import { describeWith, emulator, endpointOf, type Upstream } from './emulators.ts';
import { uniqueName } from './test-names.ts';
import { invokeOnce } from './testing/invoke-once.ts';

const [dynamodb, ministack, elasticmq, lambdaRic] = await Promise.all([
  ...[emulator('dynamodb'), emulator('ministack'), emulator('elasticmq'), emulator('lambda-ric')],
] as const);

const opened: { destroy(): void }[] = [];
afterAll(() => opened.forEach((client) => client.destroy()));

function open<C extends { destroy(): void }>(Client: new (settings: object) => C, upstream: Upstream): C {
  const client = new Client(clientConfig(upstream));
  opened.push(client);
  return client;
}

describeWith([dynamodb], 'DynamoDB Local, or an account,', () => {
  test('has tables', async () => {
    const { TableNames } = await open(DynamoDBClient, dynamodb).send(new ListTablesCommand({}));
    expect(TableNames).toBeInstanceOf(Array);
  });

  test('is one for the whole run', async () => {
    expect(await Promise.all([emulator('dynamodb'), emulator('dynamodb')])).toEqual([dynamodb, dynamodb]);
  });
});

describeWith([ministack], 'MiniStack, or an account,', () => {
  test('has the default event bus', async () => {
    const { EventBuses } = await open(EventBridgeClient, ministack).send(new ListEventBusesCommand({}));
    expect(EventBuses?.map(({ Name }) => Name)).toContain('default');
  });

  test('has queues, which it names by its own address', async () => {
    const QueueName = uniqueName();
    const { QueueUrl } = await open(SQSClient, ministack).send(new CreateQueueCommand({ QueueName }));
    expect(QueueUrl?.endsWith(`/${QueueName}`)).toBe(true);
    if (ministack.kind === 'running') expect(QueueUrl).toMatch(ministack.endpoint);
  });
});

describeWith([elasticmq], 'ElasticMQ', () => {
  test('has queues, and knows of moving messages between them', async () => {
    const client = open(SQSClient, elasticmq);
    const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: 'kit-alive' }));
    expect(QueueUrl).toMatch(endpointOf(elasticmq));
    const SourceArn = 'arn:aws:sqs:elasticmq:000000000000:kit-alive';
    const { Results } = await client.send(new ListMessageMoveTasksCommand({ SourceArn }));
    expect(Results ?? []).toEqual([]);
  });
});

describeWith([lambdaRic], 'aws-lambda-ric', () => {
  test('takes an invocation from the Runtime API and answers it', async () => {
    const handler = 'export const handler = async (event) => ({ doubled: event.number * 2 });';
    expect(await invokeOnce(endpointOf(lambdaRic), handler, { number: 21 })).toEqual({ doubled: 42 });
  });
});
