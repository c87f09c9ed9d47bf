import type { GlobalSecondaryIndex, TableDescription } from '@aws-sdk/client-dynamodb';
import { BanyanError } from 'banyan/runtime';
import type { Generation } from '../view-store.ts';
import type { Dynamo } from './dynamo.ts';
import { hasName, isMissing } from './faults.ts';
import { attentionIndex, indexAttributes, indexName } from './names.ts';

/** How many secondary indexes a table has at most, as AWS has it unless it is asked for more. */
const mostIndexes = 20;

/** Milliseconds for which a table may take to come or go, and between two looks at it. */
const [tableMs, lookMs] = [300_000, 1000];

/** The attributes of a key: partition and sort. */
type KeyPair = readonly [partition: string, sort: string];

/** Makes a table and waits until it takes writes; one that is there already is waited for. */
export async function ensureTable(
  dynamo: Dynamo,
  table: string,
  generation?: Pick<Generation, 'indexes'>,
): Promise<void> {
  const indexes = generation ? indexesOf(generation) : [];
  const key: KeyPair = ['p', 'k'];
  const names = [...new Set([key, ...indexes.map(([, pair]) => pair)].flat())];
  let isThere = false;
  try {
    const { TableDescription } = await dynamo.createTable({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: names.map((name) => ({ AttributeName: name, AttributeType: 'S' })),
      KeySchema: schemaOf(key),
      ...(indexes.length > 0 && { GlobalSecondaryIndexes: indexes.map(secondary) }),
    });
    isThere = isActive(TableDescription);
  } catch (error) {
    if (!hasName(error, 'ResourceInUseException')) throw error;
  }
  if (!isThere) await waited(table, 'is not ready', async () => isActive(await describe(dynamo, table)));
  await waited(table, 'does not answer', () => answers(dynamo, table));
}

/** Whether its rows can be asked for: what serves them hears of a new table a moment after it is active. */
async function answers(dynamo: Dynamo, table: string): Promise<boolean> {
  try {
    await dynamo.get({ TableName: table, Key: { p: { S: '-' }, k: { S: '-' } }, ConsistentRead: true });
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Deletes a table; nothing when there is none. It is gone some seconds later. */
export async function dropTable(dynamo: Dynamo, table: string): Promise<void> {
  await waited(table, 'cannot be deleted', async () => {
    try {
      await dynamo.deleteTable({ TableName: table });
      return true;
    } catch (error) {
      if (isMissing(error)) return true;
      // It is being made, or deleted, right now.
      if (!hasName(error, 'ResourceInUseException')) throw error;
      return (await describe(dynamo, table))?.TableStatus === 'DELETING';
    }
  });
}

/** What a table is; undefined: there is none. */
export async function describe(dynamo: Dynamo, table: string): Promise<TableDescription | undefined> {
  try {
    return (await dynamo.describeTable({ TableName: table })).Table;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function indexesOf({ indexes }: Pick<Generation, 'indexes'>): (readonly [string, KeyPair])[] {
  if (indexes.length >= mostIndexes) {
    throw new BanyanError(
      'VIEW_STORE_REFUSED',
      `A view has ${indexes.length} indexes; DynamoDB takes ${mostIndexes - 1} besides the one that Banyan needs. ` +
        'Leave some out, or split the projection.',
      { details: { indexes: indexes.length, most: mostIndexes - 1 } },
    );
  }
  const own = indexes.map((_, at): [string, KeyPair] => {
    const { partition, sort } = indexAttributes(at);
    return [indexName(at), [partition, sort]];
  });
  return [[attentionIndex, ['a', 'b']], ...own];
}

function secondary([name, key]: readonly [string, KeyPair]): GlobalSecondaryIndex {
  return { IndexName: name, KeySchema: schemaOf(key), Projection: { ProjectionType: 'KEYS_ONLY' } };
}

function schemaOf([partition, sort]: KeyPair): GlobalSecondaryIndex['KeySchema'] & {} {
  return [
    { AttributeName: partition, KeyType: 'HASH' },
    { AttributeName: sort, KeyType: 'RANGE' },
  ];
}

function isActive(table: TableDescription | undefined): boolean {
  const indexes = table?.GlobalSecondaryIndexes ?? [];
  return table?.TableStatus === 'ACTIVE' && indexes.every(({ IndexStatus }) => IndexStatus === 'ACTIVE');
}

async function waited(table: string, why: string, look: () => Promise<boolean>): Promise<void> {
  const began = performance.now();
  while (!(await look())) {
    if (performance.now() - began > tableMs) {
      throw new BanyanError(
        'VIEW_STORE_UNREACHABLE',
        `Table ${table} of DynamoDB ${why} after ${tableMs / 1000} s. Look at it in the console; the same again goes on.`,
        { retryable: true, details: { table } },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}
