import type { Trouble } from '../view-store.ts';
import { allOf } from './batches.ts';
import type { Dynamo, Row } from './dynamo.ts';
import { attentionIndex, shardName, troublePartitions } from './names.ts';
import type { Entry } from './registry.ts';
import { partitionQuery } from './sorted-rows.ts';

/** By DynamoDB, which reads all of it; no document is sent. */
export async function countDocuments(dynamo: Dynamo, { table, spread: { shards } }: Entry): Promise<number> {
  const questions = Array.from({ length: shards }, (_, shard) => ({
    ...partitionQuery(table, shardName(shard)),
    FilterExpression: 'attribute_exists(d)',
  }));
  return countAll(dynamo, questions, Infinity);
}

/** By the index of what wants attention, whose entries are keys alone. */
export async function countTroubled(
  dynamo: Dynamo,
  { table, spread: { shards } }: Entry,
  trouble: Trouble,
  most = Infinity,
): Promise<number> {
  const questions = troublePartitions(trouble, shards).map((partition) => ({
    TableName: table,
    IndexName: attentionIndex,
    KeyConditionExpression: 'a = :a',
    ExpressionAttributeValues: { ':a': { S: partition } },
  }));
  return countAll(dynamo, questions, most);
}

type Question = Parameters<Dynamo['query']>[0];

/** What all questions find, together; up to so many, each its share of what is left. */
async function countAll(dynamo: Dynamo, questions: readonly Question[], most: number): Promise<number> {
  let count = 0;
  let left = questions;
  while (left.length > 0 && count < most) {
    const share = most === Infinity ? {} : { Limit: Math.ceil((most - count) / left.length) };
    const asked = left.map((question) => countOnce(dynamo, { ...question, ...share }));
    const answers = await allOf(asked);
    count += answers.reduce((sum, answer) => sum + answer.count, 0);
    left = left.flatMap((question, at) => {
      const next = answers[at]?.next;
      return next ? [{ ...question, ExclusiveStartKey: next }] : [];
    });
  }
  return Math.min(count, most);
}

async function countOnce(
  dynamo: Dynamo,
  question: Question,
): Promise<{ readonly count: number; readonly next: Row | undefined }> {
  const { Count = 0, LastEvaluatedKey } = await dynamo.query({ ...question, Select: 'COUNT' });
  return { count: Count, next: LastEvaluatedKey };
}
