import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  EventBridgeClient,
  ListEventBusesCommand,
  ListRulesCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, expect, test } from '@jest/globals';
import { eventually } from '../eventually.ts';
import { clientConfig } from './client-config.ts';
import { describeWith, emulator } from './emulators.ts';
import { sweep, type SweptClients } from './sweep.ts';
import { uniqueName } from './test-names.ts';

const [dynamodb, ministack] = [await emulator('dynamodb'), await emulator('ministack')];

describeWith([dynamodb, ministack], 'what tests made', () => {
  const clients: SweptClients = {
    tables: new DynamoDBClient(clientConfig(dynamodb)),
    events: new EventBridgeClient(clientConfig(ministack)),
    queues: new SQSClient(clientConfig(ministack)),
  };
  afterAll(() => Object.values(clients).forEach((client: { destroy(): void }) => client.destroy()));
  const { tables, events, queues } = clients;

  /** A table, a bus, and a queue that two rules of it fill. */
  async function make(name: string): Promise<void> {
    await tables.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'p', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'p', KeyType: 'HASH' }],
      }),
    );
    const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName: name }));
    const ofQueue = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] });
    const Arn = (await queues.send(ofQueue)).Attributes?.QueueArn;
    await events.send(new CreateEventBusCommand({ Name: name }));
    const EventPattern = JSON.stringify({ source: ['x'] });
    for (const Rule of ['one', 'other']) {
      await events.send(new PutRuleCommand({ Name: Rule, EventBusName: name, EventPattern }));
      const Targets = [{ Id: 'queue', Arn }];
      await events.send(new PutTargetsCommand({ Rule, EventBusName: name, Targets }));
    }
  }

  /** What there is of a name. */
  async function found(name: string): Promise<string[]> {
    const { TableNames = [] } = await tables.send(
      new ListTablesCommand({ ExclusiveStartTableName: name.slice(0, -1) }),
    );
    const { EventBuses = [] } = await events.send(new ListEventBusesCommand({ NamePrefix: name }));
    const { QueueUrls = [] } = await queues.send(new ListQueuesCommand({ QueueNamePrefix: name }));
    return [
      ...(TableNames.includes(name) ? ['table'] : []),
      ...(EventBuses.length > 0 ? ['bus'] : []),
      ...(QueueUrls.length > 0 ? ['queue'] : []),
    ];
  }

  test('is removed by name, and nothing else is', async () => {
    const [mine, another] = [uniqueName(), uniqueName()];
    for (const name of [mine, another]) await make(name);
    expect(await sweep(clients, (name) => name === mine)).toEqual([mine, mine, mine]);
    await eventually(async () => expect(await found(mine)).toEqual([]));
    expect(await found(another)).toEqual(['table', 'bus', 'queue']);
    const { Rules = [] } = await events.send(new ListRulesCommand({ EventBusName: another }));
    expect(Rules).toHaveLength(2);
    expect(await sweep(clients, (name) => name === mine)).toEqual([]);
    expect(await sweep(clients, (name) => name === another)).toHaveLength(3);
  });

  test('and cannot be removed is told, and holds up nothing else', async () => {
    const mine = uniqueName();
    await make(mine);
    const refusing = new EventBridgeClient(clientConfig(ministack));
    refusing.middlewareStack.add(
      (next, { commandName }) =>
        (args) => {
          if (commandName === DeleteEventBusCommand.name) throw new Error('not allowed');
          return next(args);
        },
      { step: 'initialize' },
    );
    const swept = sweep({ ...clients, events: refusing }, (name) => name === mine);
    await expect(swept).rejects.toThrow(`${mine} could not be removed: Error: not allowed`);
    await eventually(async () => expect(await found(mine)).toEqual(['bus']));
    refusing.destroy();
    expect(await sweep(clients, (name) => name === mine)).toEqual([mine]);
  });
});
