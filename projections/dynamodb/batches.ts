import type { Dynamo, Row } from './dynamo.ts';
import { keyOf } from './rows.ts';

/** What a call of DynamoDB takes: keys to read, rows to write. */
const limits = { read: 100, write: 25 } as const;

/** The rows of those keys that are there, read consistently. What DynamoDB leaves undone is asked for again. */
export async function readRows(dynamo: Dynamo, table: string, keys: readonly Row[]): Promise<Row[]> {
  const parts = await allOf(inParts(keys, limits.read).map((part) => readPart(dynamo, table, part)));
  return parts.flat();
}

/** Writes rows without a condition. */
export async function writeRows(dynamo: Dynamo, table: string, rows: readonly Row[]): Promise<void> {
  const requests = rows.map((row) => ({ PutRequest: { Item: row } }));
  await allOf(inParts(requests, limits.write).map((part) => writePart(dynamo, table, part)));
}

/** Deletes rows; those that are gone already are passed over. */
export async function deleteRows(dynamo: Dynamo, table: string, rows: readonly Row[]): Promise<void> {
  const requests = rows.map((row) => ({ DeleteRequest: { Key: keyOf(row) } }));
  await allOf(inParts(requests, limits.write).map((part) => writePart(dynamo, table, part)));
}

/** Waits for all, also when one fails: nothing of a call goes on behind its end. */
export async function allOf<T>(works: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(works);
  return settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

/** The list in parts of so many. */
export function inParts<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, at) =>
    list.slice(at * size, (at + 1) * size),
  );
}

async function readPart(dynamo: Dynamo, table: string, keys: readonly Row[]): Promise<Row[]> {
  const rows: Row[] = [];
  let left: readonly Row[] = keys;
  await dynamo.until('BatchGetItem', async () => {
    const { Responses, UnprocessedKeys } = await dynamo.batchGet({
      RequestItems: { [table]: { Keys: [...left], ConsistentRead: true } },
    });
    rows.push(...(Responses?.[table] ?? []));
    left = UnprocessedKeys?.[table]?.Keys ?? [];
    return left.length === 0 ? rows : undefined;
  });
  return rows;
}

type WriteRequests = { PutRequest: { Item: Row } }[] | { DeleteRequest: { Key: Row } }[];

async function writePart(dynamo: Dynamo, table: string, requests: WriteRequests): Promise<void> {
  let left: Parameters<Dynamo['batchWrite']>[0]['RequestItems'] = { [table]: requests };
  await dynamo.until('BatchWriteItem', async () => {
    const { UnprocessedItems = {} } = await dynamo.batchWrite({ RequestItems: left });
    left = UnprocessedItems;
    return Object.keys(UnprocessedItems).length === 0 ? UnprocessedItems : undefined;
  });
}
