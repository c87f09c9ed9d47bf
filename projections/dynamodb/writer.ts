import { checkWrites, indexUnknown } from '../item-rules.ts';
import type { ItemWrite, WriteOutcome } from '../view-store.ts';
import { allOf } from './batches.ts';
import { createItems, type Creation } from './creations.ts';
import type { Dynamo, Row } from './dynamo.ts';
import { hasName } from './faults.ts';
import type { Guards } from './guards.ts';
import { newToken } from './names.ts';
import type { Entry } from './registry.ts';
import { isInvalid, notStorable } from './not-storable.ts';
import { rowBytes, rowOf } from './rows.ts';

/** Writes each item whose condition holds: side by side, as many at once as the table takes. */
export async function writeItems(
  dynamo: Dynamo,
  entry: Entry,
  guards: Guards,
  writes: readonly ItemWrite[],
  itemBytes: number,
): Promise<WriteOutcome> {
  check(entry, writes, itemBytes);
  const token = newToken();
  const made = writes.map((write): Creation => {
    const row = rowOf(entry.generation, entry.spread.shards, write, token);
    return { write, row, bytes: rowBytes(row) };
  });
  const isGuarded = ({ write }: Creation): boolean =>
    write.expected === undefined && Object.keys(write.madeOf ?? {}).length > 0;
  const conflicts = await allOf([
    createItems(dynamo, entry, guards, made.filter(isGuarded), token),
    ...made
      .filter((one) => !isGuarded(one))
      .map(async ({ write, row }) => ((await put(dynamo, entry, write, row)) ? [] : [write.item.key])),
  ]);
  return { conflicts: conflicts.flat() };
}

function check({ generation }: Entry, writes: readonly ItemWrite[], itemBytes: number): void {
  checkWrites(generation, writes, itemBytes);
  const known = new Set(generation.indexes.map(({ name }) => name));
  for (const { indexEntries } of writes) {
    const unknown = indexEntries.find(({ index }) => !known.has(index));
    if (unknown) throw indexUnknown(generation, unknown);
  }
}

/** Whether the condition held. */
async function put(
  dynamo: Dynamo,
  { generation, table }: Entry,
  { item, expected }: ItemWrite,
  row: Row,
): Promise<boolean> {
  try {
    await dynamo.put({
      TableName: table,
      Item: row,
      ConditionExpression: expected === undefined ? 'attribute_not_exists(k)' : 'r = :r',
      ...(expected !== undefined && { ExpressionAttributeValues: { ':r': { N: String(expected) } } }),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    return true;
  } catch (error) {
    if (isInvalid(error)) throw notStorable(generation, item.key, error);
    if (!hasName(error, 'ConditionalCheckFailedException')) throw error;
    // With our mark it is ours: the answer to a first try was lost. Another's write may look the same but for it.
    const { Item: found } = error as { readonly Item?: Row };
    return found !== undefined && found['w']?.S === row['w']?.S;
  }
}
