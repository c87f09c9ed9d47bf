import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';
import type { Dynamo, Row } from './dynamo.ts';
import { firstOf, type Portions } from './merge.ts';

/** A question for the first rows of several partitions, by sort key. */
export interface SortedQuestion {
  readonly table: string;
  readonly partitions: readonly string[];
  /** Only behind it. */
  readonly after?: string | undefined;
  readonly count: number;
}

/** The first rows of several partitions of a table in the order of their sort keys, read consistently. */
export function firstRows(
  dynamo: Dynamo,
  { table, partitions, after, count }: SortedQuestion,
): Promise<Row[]> {
  // Its share, and what it may well have beyond that: one that falls short is asked once more.
  const share = count / partitions.length;
  const first = Math.min(count, Math.ceil(share + 2 * Math.sqrt(share)));
  const sequences = partitions.map((partition) =>
    portionsOf(dynamo, { ...partitionQuery(table, partition, after), Limit: first }),
  );
  return firstOf(sequences, count, (one, other) => (one['k']?.S ?? '') < (other['k']?.S ?? ''));
}

/** The answers to a query, one after the other. */
export function portionsOf(dynamo: Dynamo, question: QueryCommandInput): Portions<Row> {
  let start: Row | undefined | 'end';
  return async () => {
    if (start === 'end') return undefined;
    const { Items = [], LastEvaluatedKey } = await dynamo.query({
      ...question,
      ...(start && { ExclusiveStartKey: start }),
    });
    start = LastEvaluatedKey ?? 'end';
    return Items;
  };
}

/** A consistent query of a partition of a table. */
export function partitionQuery(table: string, partition: string, after?: string): QueryCommandInput {
  return {
    TableName: table,
    KeyConditionExpression: after === undefined ? 'p = :p' : 'p = :p AND k > :k',
    ExpressionAttributeValues: {
      ':p': { S: partition },
      ...(after !== undefined && { ':k': { S: after } }),
    },
    ConsistentRead: true,
  };
}
