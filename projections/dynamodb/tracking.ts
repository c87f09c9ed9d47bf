import type { AttributeValue, PutItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { Progress } from 'banyan/events';
import { generationUnknown } from '../item-rules.ts';
import { decodePlaces, encodePlaces } from '../receipt-codec.ts';
import { emptyTracking, type Tracking } from '../tracker/ledger.ts';
import type { GenerationId } from '../view-store.ts';
import type { Dynamo, Row } from './dynamo.ts';
import { hasName } from './faults.ts';
import { newToken } from './names.ts';
import { pack, packedBytes, unpack, unreadable } from './packed.ts';
import { deleteRows, readRows, writeRows } from './batches.ts';

/*
 * What is tracked of a generation, in its table. The head is small, since each batch of writes reads it: v: revision,
 * m: watermark, x: the rest, w: who wrote it. A rest that is too large for it lies in parts, which are written before
 * the head that names them (y: their token, n: how many) and deleted after the next.
 */
const headKey: Row = { p: { S: 'tracking' }, k: { S: 'head' } };

/** Bytes of the rest that the head holds: with the watermark it is a read unit then. */
const restBytes = 2500;
/** Bytes of a part. */
const partBytes = 350_000;

/** As {@link Tracking}, with healed places as {@link encodePlaces} has them: there may be many. */
type StoredTracking = Omit<Tracking, 'revision' | 'watermark' | 'healed'> & {
  readonly healed: Readonly<Record<string, readonly number[]>>;
};

/** The write of the first head of a generation, which is at its floor; it changes none that is there. */
export function firstTracking(table: string, floor: Progress): PutItemCommandInput {
  return {
    TableName: table,
    Item: { ...headKey, v: { N: '0' }, m: { S: JSON.stringify(floor) } },
    ConditionExpression: 'attribute_not_exists(k)',
  };
}

/** The watermark of a generation. */
export async function readWatermark(dynamo: Dynamo, id: GenerationId, table: string): Promise<Progress> {
  return watermarkOf(await readHead(dynamo, id, table, 'm'));
}

/** As `Ledger.tracking`. */
export async function readTracking(dynamo: Dynamo, id: GenerationId, table: string): Promise<Tracking> {
  return dynamo.until('The reading of what is tracked', async () => {
    const head = await readHead(dynamo, id, table);
    const rest = head['n'] ? await readParts(dynamo, table, head) : (head['x'] ?? 'none');
    // A newer head has taken their place meanwhile.
    if (rest === undefined) return undefined;
    const { healed = {}, ...stored } = rest === 'none' ? {} : (unpack(rest) as StoredTracking);
    return {
      ...emptyTracking(watermarkOf(head)),
      ...stored,
      healed: mapValues(healed, decodePlaces),
      revision: Number(head['v']?.N),
    };
  });
}

/** As `Ledger.changeTracking`. */
export async function changeTracking(
  dynamo: Dynamo,
  table: string,
  expected: number,
  { watermark, ...rest }: Omit<Tracking, 'revision'>,
): Promise<boolean> {
  const stored: StoredTracking = { ...rest, healed: mapValues(rest.healed, encodePlaces) };
  const token = newToken();
  const packed = pack(stored);
  const parts = packedBytes(packed) > restBytes ? partRows(packed, expected + 1, token) : [];
  if (parts.length > 0) await writeRows(dynamo, table, parts);
  const own: Row = parts.length > 0 ? { n: { N: String(parts.length) }, y: { S: token } } : { x: packed };
  const head = {
    ...headKey,
    v: { N: String(expected + 1) },
    m: { S: JSON.stringify(watermark) },
    w: { S: token },
  };
  const outcome = await putHead(dynamo, table, { ...head, ...own }, expected);
  if (!outcome.isDone) await deleteRows(dynamo, table, parts);
  else if (parts.length > 0 || outcome.hadParts) await sweep(dynamo, table, expected + 1);
  return outcome.isDone;
}

async function putHead(
  dynamo: Dynamo,
  table: string,
  head: Row,
  expected: number,
): Promise<{ readonly isDone: boolean; readonly hadParts: boolean }> {
  try {
    const { Attributes } = await dynamo.put({
      TableName: table,
      Item: head,
      ConditionExpression: 'v = :v',
      ExpressionAttributeValues: { ':v': { N: String(expected) } },
      ReturnValues: 'ALL_OLD',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    return { isDone: true, hadParts: Attributes?.['n'] !== undefined };
  } catch (error) {
    if (!hasName(error, 'ConditionalCheckFailedException')) throw error;
    // The answer to a first try of ours was lost; what was there before is not known then.
    const { Item } = error as { readonly Item?: Row };
    return { isDone: Item?.['w']?.S === head['w']?.S, hadParts: true };
  }
}

async function readHead(dynamo: Dynamo, id: GenerationId, table: string, only?: string): Promise<Row> {
  const { Item } = await dynamo.get({
    TableName: table,
    Key: headKey,
    ConsistentRead: true,
    ...(only !== undefined && { ProjectionExpression: only }),
  });
  if (!Item) throw generationUnknown(id);
  return Item;
}

async function readParts(dynamo: Dynamo, table: string, head: Row): Promise<AttributeValue | undefined> {
  const keys = Array.from({ length: Number(head['n']?.N) }, (_, at) =>
    partKey(Number(head['v']?.N), head['y']?.S ?? '', at),
  );
  const rows = await readRows(dynamo, table, keys);
  const bytes = keys.map(({ k }) => rows.find((row) => row['k']?.S === k?.S)?.['x']?.B);
  return bytes.every((part) => part !== undefined) ? { B: Buffer.concat(bytes) } : undefined;
}

/** Parts of older revisions: those of the head before, and what a process left that died between the writes. */
async function sweep(dynamo: Dynamo, table: string, revision: number): Promise<void> {
  const { Items = [] } = await dynamo.query({
    TableName: table,
    KeyConditionExpression: 'p = :p AND k BETWEEN :from AND :to',
    ExpressionAttributeValues: {
      ':p': { S: 'tracking.parts' },
      ':from': { S: '0' },
      ':to': { S: revisionText(revision) },
    },
    ProjectionExpression: 'p, k',
  });
  await deleteRows(dynamo, table, Items);
}

function partRows(packed: AttributeValue, revision: number, token: string): Row[] {
  const { B: bytes } = packed;
  if (!bytes) throw unreadable('text where bytes were expected');
  const parts = Array.from({ length: Math.ceil(bytes.length / partBytes) }, (_, at) =>
    bytes.subarray(at * partBytes, (at + 1) * partBytes),
  );
  return parts.map((part, at) => ({ ...partKey(revision, token, at), x: { B: part } }));
}

function partKey(revision: number, token: string, at: number): Row {
  return {
    p: { S: 'tracking.parts' },
    k: { S: `${revisionText(revision)}.${token}.${String(at).padStart(3, '0')}` },
  };
}

function revisionText(revision: number): string {
  return String(revision).padStart(16, '0');
}

function watermarkOf(head: Row): Progress {
  return JSON.parse(head['m']?.S ?? '{}') as Progress;
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
