import type { CancellationReason, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { BanyanError } from 'banyan/runtime';
import { randomUUID } from 'node:crypto';
import { coversAny } from '../progress.ts';
import type { GenerationId, ItemWrite } from '../view-store.ts';
import { allOf, inParts } from './batches.ts';
import type { Dynamo, Row } from './dynamo.ts';
import { errorCause } from './error-cause.ts';
import { faultOf, hasName, type AwsError } from './faults.ts';
import type { Guard, Guards } from './guards.ts';
import { isInvalid, notStorable } from './not-storable.ts';
import type { Entry } from './registry.ts';
import { readWatermark } from './tracking.ts';

/** A write that creates an item of known events, and its row. */
export interface Creation {
  readonly write: ItemWrite;
  readonly row: Row;
  readonly bytes: number;
}

/** What a transaction holds: DynamoDB takes 100 rows and 4 MB; fewer, so that a conflict stops few others. */
const limits = { rows: 24, bytes: 2_000_000 } as const;

/** Transactions of a batch at once. */
const transactionsAtOnce = 16;

/** What became of some creations. */
interface Outcome {
  readonly conflicts: readonly string[];
  /** Those that were stopped by something that passes. */
  readonly again: readonly Creation[];
  /** Guards that are not as they were. */
  readonly forget: readonly Guard[];
  /** Guards at which another process was. */
  readonly leave: readonly Guard[];
}

const nothing: Outcome = { conflicts: [], again: [], forget: [], leave: [] };

/**
 * Creates items unless the watermark covers an event that they are made of, or they are there; gives the keys of those.
 * @param token the mark that their rows have
 */
export async function createItems(
  dynamo: Dynamo,
  entry: Entry,
  guards: Guards,
  creations: readonly Creation[],
  token: string,
): Promise<string[]> {
  const conflicts: string[] = [];
  const waves = inParts(inChunks(creations), transactionsAtOnce);
  for (const wave of waves) conflicts.push(...(await createWave(dynamo, entry, guards, wave.flat(), token)));
  return conflicts;
}

/** Creates some, again those that something stopped that passes. */
async function createWave(
  dynamo: Dynamo,
  entry: Entry,
  guards: Guards,
  creations: readonly Creation[],
  token: string,
): Promise<string[]> {
  const conflicts: string[] = [];
  let left = creations;
  return dynamo.until('The creation of items', async () => {
    const chunks = inChunks(left);
    const done = await guards.using(chunks.length, (held) => createSome(dynamo, entry, held, chunks, token));
    conflicts.push(...done.conflicts);
    left = done.again;
    return left.length === 0 ? conflicts : undefined;
  });
}

/** Looks at the watermark, after the guards were looked at, and then writes what it does not cover. */
async function createSome(
  dynamo: Dynamo,
  entry: Entry,
  guards: readonly Guard[],
  chunks: readonly (readonly Creation[])[],
  token: string,
): Promise<Outcome> {
  const watermark = await readWatermark(dynamo, entry.generation, entry.table);
  const isCovered = ({ write }: Creation): boolean => coversAny(watermark, write.madeOf ?? {});
  const covered = chunks.flat().filter(isCovered);
  const fresh = chunks
    .map((chunk, at) => ({
      chunk: chunk.filter((one) => !isCovered(one)),
      guard: guards[at % guards.length],
    }))
    .filter(({ chunk }) => chunk.length > 0);
  const outcomes = await allOf(
    fresh.map(({ chunk, guard }) => transact(dynamo, entry, guard as Guard, chunk, token)),
  );
  return together([{ ...nothing, conflicts: covered.map(keyOfWrite) }, ...outcomes]);
}

function together(outcomes: readonly Outcome[]): Outcome {
  return {
    conflicts: outcomes.flatMap((one) => one.conflicts),
    again: outcomes.flatMap((one) => one.again),
    forget: outcomes.flatMap((one) => one.forget),
    leave: outcomes.flatMap((one) => one.leave),
  };
}

/** Writes a chunk; one that can never be written, in halves, until it is known which of its items is to blame. */
async function transact(
  dynamo: Dynamo,
  entry: Entry,
  guard: Guard,
  chunk: readonly Creation[],
  token: string,
): Promise<Outcome> {
  const [first, second] = chunk;
  try {
    return await transactAtOnce(dynamo, entry, guard, chunk, token);
  } catch (error) {
    if (!isInvalid(error) || !first) throw error;
    if (!second) throw notStorable(entry.generation, keyOfWrite(first), error);
    const halves = inParts(chunk, Math.ceil(chunk.length / 2));
    const tried = halves.map((half) => () => transact(dynamo, entry, guard, half, token));
    return together(await oneByOne(tried));
  }
}

/** One after the other, since they look at the same guard; all of them, also when one fails. */
async function oneByOne<T>(works: readonly (() => Promise<T>)[]): Promise<T[]> {
  const settled: Promise<T>[] = [];
  for (const work of works) {
    settled.push(work());
    await Promise.allSettled(settled);
  }
  return allOf(settled);
}

async function transactAtOnce(
  dynamo: Dynamo,
  { generation, table }: Entry,
  guard: Guard,
  chunk: readonly Creation[],
  token: string,
): Promise<Outcome> {
  const puts = chunk.map(({ row }): TransactWriteItem => ({
    Put: {
      TableName: table,
      Item: row,
      ConditionExpression: 'attribute_not_exists(k)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  }));
  try {
    await dynamo.transact({
      // Asked again with it, a transaction that was done is not done twice, and is a success.
      ClientRequestToken: randomUUID(),
      TransactItems: [{ ConditionCheck: checkOf(table, guard) }, ...puts],
    });
    return nothing;
  } catch (error) {
    if (!hasName(error, 'TransactionCanceledException')) throw error;
    const { CancellationReasons = [] } = error as { readonly CancellationReasons?: CancellationReason[] };
    return outcomeOf(error, CancellationReasons, { id: generation, guard, chunk, token });
  }
}

function checkOf(table: string, { key, moves }: Guard): NonNullable<TransactWriteItem['ConditionCheck']> {
  const check = { TableName: table, Key: key };
  if (moves === undefined) return { ...check, ConditionExpression: 'attribute_not_exists(k)' };
  return { ...check, ConditionExpression: 'v = :v', ExpressionAttributeValues: { ':v': { N: moves } } };
}

/** A transaction, by the process that made it. */
interface Tried {
  readonly id: GenerationId;
  readonly guard: Guard;
  readonly chunk: readonly Creation[];
  readonly token: string;
}

/** What the reasons of a cancelled transaction say: the first is the guard's, the others those of the puts. */
function outcomeOf(
  error: AwsError,
  [ofGuard, ...reasons]: readonly CancellationReason[],
  { id, guard, chunk, token }: Tried,
): Outcome {
  const [conflicts, again]: [string[], Creation[]] = [[], []];
  chunk.forEach((creation, at) => {
    const { Code: code = 'None', Item: found, Message: message = '' } = reasons[at] ?? {};
    if (code === 'ConditionalCheckFailed') {
      // With our mark it is ours: the answer to a first try was lost.
      if (found?.['w']?.S !== token) conflicts.push(keyOfWrite(creation));
      return;
    }
    if (code !== 'None' && !isPassing(code)) throw failed(error, { id, creation, code, message });
    again.push(creation);
  });
  const { Code: code = 'None' } = ofGuard ?? {};
  return {
    conflicts,
    again,
    forget: code === 'ConditionalCheckFailed' ? [guard] : [],
    leave: faultOf(code) === 'contended' ? [guard] : [],
  };
}

function isPassing(code: string): boolean {
  const fault = faultOf(code);
  return fault === 'throttled' || fault === 'contended' || fault === 'passing';
}

/** Why an item is not created, and all others of its transaction are not. */
interface Refusal {
  readonly id: GenerationId;
  readonly creation: Creation;
  readonly code: string;
  readonly message: string;
}

function failed(error: AwsError, { id, creation, code, message }: Refusal): BanyanError {
  const key = keyOfWrite(creation);
  const why = `${message} (${code})`;
  const cause = errorCause(error);
  if (code === 'ValidationError') return notStorable(id, key, cause, `${why}.`);
  return new BanyanError(
    'VIEW_STORE_FAILED',
    `DynamoDB cannot create the item under key ${JSON.stringify(key)}: ${why}.`,
    { cause, details: { key } },
  );
}

function keyOfWrite({ write }: Creation): string {
  return write.item.key;
}

function inChunks(creations: readonly Creation[]): Creation[][] {
  const chunks: Creation[][] = [];
  let bytes = Infinity;
  for (const creation of creations) {
    let chunk = chunks.at(-1);
    if (!chunk || chunk.length >= limits.rows || bytes + creation.bytes > limits.bytes) {
      chunks.push((chunk = []));
      bytes = 0;
    }
    chunk.push(creation);
    bytes += creation.bytes;
  }
  return chunks;
}
