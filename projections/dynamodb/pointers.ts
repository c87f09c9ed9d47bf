import { escapeText } from '../index-key.ts';
import { lost } from '../item-rules.ts';
import type { LivePointer, ViewStore } from '../view-store.ts';
import type { Dynamo, Row } from './dynamo.ts';
import { hasName } from './faults.ts';
import { controlTable, newToken } from './names.ts';

/** Keeps the live pointers in the control table, a row each. e: epoch, l: what is live, x: the past, w: who moved it. */
export function createPointers(dynamo: Dynamo, prefix: string): Pick<ViewStore, 'pointer' | 'movePointer'> {
  const TableName = controlTable(prefix);
  const Key = (group: string): Row => ({ p: { S: `p.${escapeText(group)}` }, k: { S: 'live' } });
  const find = async (group: string): Promise<Row | undefined> =>
    (await dynamo.get({ TableName, Key: Key(group), ConsistentRead: true })).Item;

  return {
    pointer: async (group) => {
      const row = await find(group);
      return row && pointerOf(row);
    },
    movePointer: async (group, expectedEpoch, live, past) => {
      const token = newToken();
      try {
        const { Attributes } = await dynamo.update({
          TableName,
          Key: Key(group),
          UpdateExpression: `SET e = :e, l = :l, w = :w${past ? ', x = :x' : ''}`,
          ConditionExpression: expectedEpoch === 0 ? 'attribute_not_exists(k)' : 'e = :expected',
          ExpressionAttributeValues: {
            ':e': { N: String(expectedEpoch + 1) },
            ':l': { S: JSON.stringify(live) },
            ':w': { S: token },
            ...(past && { ':x': { S: JSON.stringify(past) } }),
            ...(expectedEpoch !== 0 && { ':expected': { N: String(expectedEpoch) } }),
          },
          ReturnValues: 'ALL_NEW',
        });
        return pointerOf(Attributes ?? {});
      } catch (error) {
        if (!hasName(error, 'ConditionalCheckFailedException')) throw error;
        const found = await find(group);
        // The answer to a first try of ours was lost.
        if (found?.['w']?.S === token) return pointerOf(found);
        throw lost.pointer(group, expectedEpoch, found ? pointerOf(found).epoch : 0);
      }
    },
  };
}

function pointerOf({ e, l, x }: Row): LivePointer {
  const live = JSON.parse(l?.S ?? '{}') as LivePointer['live'];
  const past = x?.S === undefined ? undefined : (JSON.parse(x.S) as NonNullable<LivePointer['past']>);
  return { epoch: Number(e?.N), live, ...(past && { past }) };
}
