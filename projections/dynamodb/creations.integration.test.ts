import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from '@jest/globals';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { newGeneration, settled, write } from '../testing/examples.ts';
import type { GenerationId, ItemWrite, ViewStore } from '../view-store.ts';
import { dynamodbViews } from './dynamodb-views.ts';
import { testClient } from './testing/test-client.ts';

const dynamodb = await emulator('dynamodb');

/** A client whose first transaction is cancelled for these reasons: that of its guard, then those of its rows. */
function cancelledOnce(codes: readonly string[]): DynamoDBClient {
  const client = testClient(dynamodb, 1);
  let isFirst = true;
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName !== 'TransactWriteItemsCommand' || !isFirst) return next(args);
        isFirst = false;
        throw Object.assign(new Error('made by the test'), {
          name: 'TransactionCanceledException',
          $metadata: { httpStatusCode: 400 },
          CancellationReasons: codes.map((Code) => ({ Code, Message: 'made by the test' })),
        });
      },
    { step: 'initialize', name: 'cancelled' },
  );
  return client;
}

async function opened(codes: readonly string[]): Promise<[store: ViewStore, id: GenerationId]> {
  const store = dynamodbViews({ client: cancelledOnce(codes), prefix: uniqueName() });
  await store.prepare();
  return [store, await newGeneration(store)];
}

const keys = ['a', 'b', 'c'];
const creations: readonly ItemWrite[] = keys.map((key, at) => ({
  ...write(settled(key, 1)),
  madeOf: { 'shop:orders@1': { position: at + 1, index: 0 } },
}));

describeWith([dynamodb], 'a transaction that creates items, cancelled', () => {
  test.each(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'])(
    'for what passes at one of its rows (%s): all of them are created after all',
    async (code) => {
      const [store, id] = await opened(['None', 'None', code, 'None']);
      expect(await store.writeMany(id, creations)).toMatchObject({ conflicts: [] });
      expect([...(await store.readMany(id, keys)).keys()].sort()).toEqual(keys);
    },
  );

  test('for what does not pass: it is told of which item, and no item is there', async () => {
    const [store, id] = await opened(['None', 'None', 'ItemCollectionSizeLimitExceeded', 'None']);
    const failed = { code: 'VIEW_STORE_FAILED', retryable: false, details: { key: 'b' } };
    await expect(store.writeMany(id, creations)).rejects.toMatchObject(failed);
    expect(await store.count(id)).toBe(0);
  });
});
