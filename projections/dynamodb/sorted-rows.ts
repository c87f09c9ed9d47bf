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
  const questions = partitions.map((partition) => partitionQuery(table, partition, after));
  return firstOfAll(dynamo, questions, count, 'k');
}

/** The first rows that several questions find, each in order, by that attribute. */
export function firstOfAll(
  dynamo: Dynamo,
  questions: readonly QueryCommandInput[],
  count: number,
  by: string,
): Promise<Row[]> {
  // Its share, and what it may well have beyond that: one that falls short is asked once more.
  const share = count / questions.length;
  const Limit = Math.min(count, Math.ceil(share + 2 * Math.sqrt(share)));
  const sequences = questions.map((question) => portionsOf(dynamo, { ...question, Limit }));
  return firstOf(sequences, count, (one, other) => (one[by]?.S ?? '') < (other[by]?.S ?? ''));
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
