import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from '@jest/globals';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { seeded } from '../../kit/seeded.ts';
import { expectTroubled } from '../testing/by-index.ts';
import { newGeneration, settled, tombstone, write } from '../testing/examples.ts';
import { troubledItem } from '../testing/unsettled-items.ts';
import type { GenerationId, ViewStore } from '../view-store.ts';
import { dynamodbViews } from './dynamodb-views.ts';
import { testClient } from './testing/test-client.ts';

const dynamodb = await emulator('dynamodb');
const log = 'shop:orders@1';

/** What a call that reads asks for; of DynamoDB's names, those that matter here. */
interface Question {
  readonly IndexName?: string;
  readonly ConsistentRead?: boolean;
  readonly RequestItems?: Readonly<Record<string, { readonly ConsistentRead?: boolean }>>;
}

/** A client that tells what it is about to read. */
function readsTold(told: (operation: string, question: Question) => void | Promise<void>): DynamoDBClient {
  const client = testClient(dynamodb);
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const isRead = ['GetItemCommand', 'BatchGetItemCommand', 'QueryCommand'].includes(commandName);
        if (isRead) await told(commandName.replace(/Command$/, ''), args.input as Question);
        return next(args);
      },
    { step: 'initialize', name: 'reads' },
  );
  return client;
}

async function opened(client: DynamoDBClient, prefix = uniqueName()): Promise<ViewStore> {
  const store = dynamodbViews({ client, prefix });
  await store.prepare();
  return store;
}

/** Tracks so much that it does not fit in one row. */
async function trackMuch(store: ViewStore, id: GenerationId, seed: number): Promise<void> {
  const random = seeded(seed);
  const position = (): number => Math.floor(random() * 1e12);
  const healed = { [log]: Array.from({ length: 3000 }, () => ({ position: position(), index: 0 })) };
  const { revision, ...tracking } = await store.tracking(id);
  expect(await store.changeTracking(id, revision, { ...tracking, healed })).toBe(true);
}

describeWith([dynamodb], 'what is read of DynamoDB', () => {
  test('is read consistently, but for what an index tells', async () => {
    const late: string[] = [];
    const seen = new Set<string>();
    const client = readsTold((operation, { RequestItems, IndexName, ConsistentRead }) => {
      seen.add(operation);
      const asked = RequestItems ? Object.values(RequestItems) : [{ ConsistentRead }];
      const isConsistent = asked.every((one) => one.ConsistentRead === true);
      if (IndexName === undefined && !isConsistent) late.push(operation);
    });
    const prefix = uniqueName();
    const store = await opened(client, prefix);
    const id = await newGeneration(store);
    // Who tracks looks for what is to be deleted, too; some of that may wait.
    await trackMuch(dynamodbViews({ client: testClient(dynamodb), prefix }), id, 1);
    const creation = { ...write(settled('a', 1)), madeOf: { [log]: { position: 1, index: 0 } } };
    const receipt = { log, places: [{ position: 1, index: 0 }], healed: false };
    await store.writeMany(id, [creation, write(tombstone('b', 1))], [receipt]);
    await store.readMany(id, ['a']);
    await store.scan(id, { limit: 9 });
    await store.count(id);
    await store.progress(id);
    await store.tracking(id);
    await store.receipts(id, { limit: 9 });
    await store.purgeRemoved(id, '2030');
    await store.generations(id.projection);
    await store.movePointer('group', 0, { a: 1 });
    await store.pointer('group');
    expect(late).toEqual([]);
    expect([...seen].sort()).toEqual(['BatchGetItem', 'GetItem', 'Query']);
  });

  test('is tracked as a whole, though it is replaced between its head and its parts', async () => {
    const prefix = uniqueName();
    const sound = await opened(testClient(dynamodb), prefix);
    const id = await newGeneration(sound);
    await trackMuch(sound, id, 1);
    let isReplaced = false;
    const client = readsTold(async (operation) => {
      if (operation !== 'BatchGetItem' || isReplaced) return;
      isReplaced = true;
      await trackMuch(sound, id, 2);
    });
    expect(await dynamodbViews({ client, prefix }).tracking(id)).toEqual(await sound.tracking(id));
    expect(isReplaced).toBe(true);
  });

  test('in trouble is listed wherever in the index it lies, each once and by key', async () => {
    const store = await opened(testClient(dynamodb));
    const id = await newGeneration(store);
    const keys = Array.from({ length: 30 }, (_, n) => `k${n}`).sort();
    await store.writeMany(
      id,
      keys.map((key) => write(troubledItem(key, 1, 'window'))),
    );
    await expectTroubled(store, id, 'window', keys);
  });
});
