import { allOf } from './batches.ts';
import type { Dynamo, Row } from './dynamo.ts';
import { hasName } from './faults.ts';
import type { Guards } from './guards.ts';
import { attentionIndex, shardName } from './names.ts';
import type { Entry } from './registry.ts';
import { goneIn, keyOf } from './rows.ts';
import { portionsOf } from './sorted-rows.ts';

/** As `ViewStore.purgeRemoved`: tombstones are found by their log time, shard by shard. */
export async function purgeRemoved(
  dynamo: Dynamo,
  { table, spread }: Entry,
  guards: Guards,
  before: string,
): Promise<number> {
  // Before the first deletion, once. Where there is nothing to delete, who creates is left alone.
  let moved: Promise<void> | undefined;
  const remove = async (row: Row): Promise<number> => {
    await (moved ??= guards.moveAll());
    return (await removeRow(dynamo, table, row, before)) ? 1 : 0;
  };
  const purgeShard = async (shard: number): Promise<number> => {
    const gone = goneIn(shardName(shard));
    const next = portionsOf(dynamo, {
      TableName: table,
      IndexName: attentionIndex,
      KeyConditionExpression: 'a = :a AND b < :b',
      ExpressionAttributeValues: { ':a': { S: gone }, ':b': { S: before } },
      Limit: 100,
    });
    let removed = 0;
    for (let rows = await next(); rows; rows = await next()) {
      removed += (await allOf(rows.map(remove))).reduce((sum, one) => sum + one, 0);
    }
    return removed;
  };
  const counts = await allOf(Array.from({ length: spread.shards }, (_, shard) => purgeShard(shard)));
  return counts.reduce((sum, one) => sum + one, 0);
}

/** Whether it was still as old as the index said. */
async function removeRow(dynamo: Dynamo, table: string, row: Row, before: string): Promise<boolean> {
  try {
    await dynamo.delete({
      TableName: table,
      Key: keyOf(row),
      ConditionExpression: 'a = :a AND b < :b',
      ExpressionAttributeValues: { ':a': row['a'] ?? { S: '' }, ':b': { S: before } },
    });
    return true;
  } catch (error) {
    if (hasName(error, 'ConditionalCheckFailedException')) return false;
    throw error;
  }
}
