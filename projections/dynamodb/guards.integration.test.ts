import type { DynamoDBClient, TransactWriteItemsCommandInput } from '@aws-sdk/client-dynamodb';
import { expect, test } from '@jest/globals';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { expectPurged } from '../testing/by-index.ts';
import { newGeneration, settled, tombstone, write } from '../testing/examples.ts';
import type { GenerationId, ViewStore } from '../view-store.ts';
import { dynamodbViews } from './dynamodb-views.ts';
import { faultyClient } from './testing/faulty-client.ts';
import { testClient } from './testing/test-client.ts';

const dynamodb = await emulator('dynamodb');
const log = 'shop:orders@1';

/** A client that notes the guards of its transactions; those at which others are cancel them. */
function guarded(isHeld: (guard: string) => boolean): {
  readonly client: DynamoDBClient;
  /** Of the transactions that were made and of those that met others, in order. */
  readonly used: string[];
  readonly met: string[];
} {
  const client = testClient(dynamodb, 1);
  const [used, met]: [string[], string[]] = [[], []];
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName !== 'TransactWriteItemsCommand') return next(args);
        const [first] = (args.input as TransactWriteItemsCommandInput).TransactItems ?? [];
        const guard = first?.ConditionCheck?.Key?.['p']?.S ?? '';
        (isHeld(guard) ? met : used).push(guard);
        if (!isHeld(guard)) return next(args);
        throw Object.assign(new Error('made by the test'), {
          name: 'TransactionCanceledException',
          $metadata: { httpStatusCode: 400 },
          CancellationReasons: [{ Code: 'TransactionConflict' }],
        });
      },
    { step: 'initialize', name: 'guards' },
  );
  return { client, used, met };
}

/** A hundred items: some transactions. */
async function createSome(store: ViewStore, id: GenerationId, name: string): Promise<void> {
  const writes = Array.from({ length: 100 }, (_, n) => ({
    ...write(settled(`${name}${n}`, 1)),
    madeOf: { [log]: { position: n + 1, index: 0 } },
  }));
  expect(await store.writeMany(id, writes)).toMatchObject({ conflicts: [] });
}

describeWith([dynamodb], 'guards', () => {
  test('a process keeps to those at which it met nobody', async () => {
    // Another process is at every other guard, always.
    const { client, used, met } = guarded((guard) => parseInt(guard.slice(1), 36) % 2 === 0);
    const store = dynamodbViews({ client, prefix: uniqueName() });
    await store.prepare();
    const id = await newGeneration(store);
    for (let batch = 0; batch < 20; batch += 1) {
      for (const list of [used, met]) list.length = 0;
      await createSome(store, id, `${batch}.`);
      if (met.length === 0) break;
    }
    const own = new Set(used);
    for (const name of ['b', 'c', 'd']) await createSome(store, id, name);
    expect(met).toEqual([]);
    expect(new Set(used)).toEqual(own);
  });

  test('processes begin at others, which lie anywhere', async () => {
    const prefix = uniqueName();
    const first = guarded(() => false);
    const store = dynamodbViews({ client: first.client, prefix });
    await store.prepare();
    const id = await newGeneration(store);
    await createSome(store, id, 'a');
    const second = guarded(() => false);
    await createSome(dynamodbViews({ client: second.client, prefix }), id, 'b');
    expect(new Set(first.used).size).toBe(5);
    expect(new Set(second.used)).not.toEqual(new Set(first.used));
  });

  test('those that a purge has moved are read again, and kept', async () => {
    const { client, used } = guarded(() => false);
    const store = dynamodbViews({ client, prefix: uniqueName() });
    await store.prepare();
    const id = await newGeneration(store);
    await createSome(store, id, 'a');
    const own = new Set(used);
    await store.writeMany(id, [write(tombstone('a1', 2), 1)]);
    expect(await store.purgeRemoved(id, '2030')).toBe(1);
    used.length = 0;
    await createSome(store, id, 'b');
    // Each once in vain.
    expect(used).toHaveLength(10);
    expect(new Set(used)).toEqual(own);
  });

  test('are all moved before a purge deletes anything', async () => {
    const operations: string[] = [];
    const faultOf = (operation: string): 'none' => {
      operations.push(operation);
      return 'none';
    };
    const store = dynamodbViews({ client: faultyClient(dynamodb, { faultOf }), prefix: uniqueName() });
    await store.prepare();
    const id = await newGeneration(store);
    await store.writeMany(
      id,
      ['a', 'b', 'c'].map((key) => write(tombstone(key, 1))),
    );
    operations.length = 0;
    await expectPurged(store, id, '2030', 3);
    expect(operations).toContain('UpdateItem');
    expect(operations.lastIndexOf('UpdateItem')).toBeLessThan(operations.indexOf('DeleteItem'));
  });
});
