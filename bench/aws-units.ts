import type {
  AttributeValue,
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
  BatchWriteItemCommandInput,
  DynamoDBClient,
  GetItemCommandInput,
  GetItemCommandOutput,
  PutItemCommandInput,
  QueryCommandOutput,
  TransactWriteItemsCommandInput,
} from '@aws-sdk/client-dynamodb';

/*
 * What calls cost by the rules of the DynamoDB developer guide ("DynamoDB read and write operations", on-demand
 * capacity): DynamoDB Local counts neither what a batch looked for in vain nor most of a transaction.
 */

type Row = Readonly<Record<string, AttributeValue>>;

/** Told of each call that was answered: its request units, reads and writes together. */
export type OnCall = (units: number) => void;

/** Counts the calls of a client. All of its reads are consistent ones. */
export function countCalls(client: DynamoDBClient, onCall: OnCall): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (given) => {
        const result = await next(given);
        onCall(unitsOf(commandName, given.input, result.output));
        return result;
      },
    { step: 'initialize', name: 'benchUnits' },
  );
}

function unitsOf(command: string, input: unknown, output: unknown): number {
  switch (command) {
    case 'GetItemCommand':
      return (input as GetItemCommandInput).ConsistentRead === true
        ? readUnits((output as GetItemCommandOutput).Item)
        : readUnits((output as GetItemCommandOutput).Item) / 2;
    case 'QueryCommand':
      return units(
        ((output as QueryCommandOutput).Items ?? []).reduce((sum, row) => sum + bytesOf(row), 0),
        4,
      );
    case 'BatchGetItemCommand':
      return batchGetUnits(input as BatchGetItemCommandInput, output as BatchGetItemCommandOutput);
    case 'PutItemCommand':
      return writeUnits((input as PutItemCommandInput).Item);
    case 'UpdateItemCommand':
    case 'DeleteItemCommand':
      return 1;
    case 'BatchWriteItemCommand':
      return Object.values((input as BatchWriteItemCommandInput).RequestItems ?? {})
        .flat()
        .reduce((sum, { PutRequest }) => sum + writeUnits(PutRequest?.Item), 0);
    case 'TransactWriteItemsCommand':
      return ((input as TransactWriteItemsCommandInput).TransactItems ?? []).reduce(
        (sum, { Put }) => sum + 2 * writeUnits(Put?.Item),
        0,
      );
    default:
      throw new Error(`bench:aws does not know what ${command} costs`);
  }
}

/** What is not there costs as much as the smallest item. */
function batchGetUnits(
  { RequestItems = {} }: BatchGetItemCommandInput,
  { Responses = {}, UnprocessedKeys = {} }: BatchGetItemCommandOutput,
): number {
  const keys = (of: BatchGetItemCommandInput['RequestItems']): number =>
    Object.values(of ?? {}).reduce((sum, { Keys = [] }) => sum + Keys.length, 0);
  const found = Object.values(Responses).flat();
  const missing = keys(RequestItems) - keys(UnprocessedKeys) - found.length;
  return missing + found.reduce((sum, row) => sum + readUnits(row), 0);
}

function readUnits(row: Row | undefined): number {
  return units(bytesOf(row), 4);
}

function writeUnits(row: Row | undefined): number {
  return units(bytesOf(row), 1);
}

function units(bytes: number, kibibytes: number): number {
  return Math.max(1, Math.ceil(bytes / (kibibytes * 1024)));
}

/** Of names and values, as far as these functions use types. */
function bytesOf(row: Row = {}): number {
  return Object.entries(row).reduce((sum, [name, { S, N, B }]) => {
    const value = S === undefined ? (B?.byteLength ?? N?.length ?? 1) : Buffer.byteLength(S);
    return sum + name.length + value;
  }, 0);
}
