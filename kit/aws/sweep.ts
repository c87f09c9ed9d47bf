import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteTableCommand, DescribeTableCommand, paginateListTables } from '@aws-sdk/client-dynamodb';
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  DeleteEventBusCommand,
  DeleteRuleCommand,
  ListEventBusesCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { DeleteQueueCommand, paginateListQueues } from '@aws-sdk/client-sqs';
import { setTimeout as wait } from 'node:timers/promises';
import { testPrefix } from './test-names.ts';

/** Clients of what tests make things on. */
export interface SweptClients {
  readonly tables: DynamoDBClient;
  readonly events: EventBridgeClient;
  readonly queues: SQSClient;
}

/** Tables that are deleted at once. */
const tablesAtOnce = 10;

/** Looks at a table that cannot be deleted yet, a second each. */
const mostLooks = 300;

/**
 * Removes the buses, with rules and targets, the queues and the tables that tests made, where the name is doomed.
 * What cannot be removed does not hold up the rest.
 * @returns the names of what was removed
 * @throws AggregateError
 */
export async function sweep(
  { tables, events, queues }: SweptClients,
  isDoomed: (name: string) => boolean,
): Promise<readonly string[]> {
  const removed: string[] = [];
  const failures: unknown[] = [];
  const attempt = async (name: string, remove: () => Promise<unknown>): Promise<void> => {
    try {
      await remove();
      removed.push(name);
    } catch (error) {
      failures.push(new Error(`${name} could not be removed: ${String(error)}`, { cause: error }));
    }
  };
  for (const bus of (await busNames(events)).filter(isDoomed))
    await attempt(bus, () => removeBus(events, bus));
  for (const QueueUrl of await queueUrls(queues)) {
    const name = QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1);
    if (isDoomed(name)) await attempt(name, () => queues.send(new DeleteQueueCommand({ QueueUrl })));
  }
  const left = (await tableNames(tables)).filter(isDoomed);
  const lane = async (): Promise<void> => {
    for (let table = left.pop(); table !== undefined; table = left.pop()) {
      const name = table;
      await attempt(name, () => removeTable(tables, name));
    }
  };
  await Promise.all(Array.from({ length: tablesAtOnce }, lane));
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
  return removed;
}

async function busNames(events: EventBridgeClient): Promise<string[]> {
  const names: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await events.send(new ListEventBusesCommand({ NamePrefix: testPrefix, NextToken }));
    names.push(...(page.EventBuses ?? []).flatMap(({ Name }) => Name ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return names;
}

async function removeBus(events: EventBridgeClient, EventBusName: string): Promise<void> {
  for (;;) {
    const { Rules = [] } = await events.send(new ListRulesCommand({ EventBusName }));
    if (Rules.length === 0) break;
    for (const { Name: Rule } of Rules) {
      const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule, EventBusName }));
      const Ids = Targets.flatMap(({ Id }) => Id ?? []);
      if (Ids.length > 0) await events.send(new RemoveTargetsCommand({ Rule, EventBusName, Ids }));
      await events.send(new DeleteRuleCommand({ Name: Rule, EventBusName }));
    }
  }
  await events.send(new DeleteEventBusCommand({ Name: EventBusName }));
}

async function queueUrls(client: SQSClient): Promise<string[]> {
  const urls: string[] = [];
  const question = { QueueNamePrefix: testPrefix };
  for await (const page of paginateListQueues({ client, pageSize: 1000 }, question))
    urls.push(...(page.QueueUrls ?? []));
  return urls;
}

async function tableNames(client: DynamoDBClient): Promise<string[]> {
  const names: string[] = [];
  // Names come in order: the first page begins where those of tests do.
  for await (const { TableNames = [] } of paginateListTables(
    { client },
    { ExclusiveStartTableName: testPrefix },
  )) {
    names.push(...TableNames.filter((name) => name.startsWith(testPrefix)));
    if (TableNames.some((name) => !name.startsWith(testPrefix) && name > testPrefix)) break;
  }
  return names;
}

async function removeTable(tables: DynamoDBClient, TableName: string): Promise<void> {
  for (let look = 1; ; look += 1) {
    try {
      await tables.send(new DeleteTableCommand({ TableName }));
      return;
    } catch (error) {
      const { name } = error as Error;
      if (name === 'ResourceNotFoundException') return;
      // It is being made, or deleted, right now; or too many are.
      const isBusy = ['ResourceInUseException', 'LimitExceededException'].includes(name);
      if (!isBusy || look === mostLooks) throw error;
      if (await isBeingDeleted(tables, TableName)) return;
      await wait(1000);
    }
  }
}

async function isBeingDeleted(tables: DynamoDBClient, TableName: string): Promise<boolean> {
  try {
    const { Table } = await tables.send(new DescribeTableCommand({ TableName }));
    return Table?.TableStatus === 'DELETING';
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return true;
    throw error;
  }
}
