import { expect, test } from '@jest/globals';
import { createLogger } from 'banyan/runtime';
import { lambdaLogger } from 'banyan/runtime/aws';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { at, newGeneration, settled, write } from '../testing/examples.ts';
import type { Document, GenerationId, ItemWrite, ViewStore } from '../view-store.ts';
import { dynamodbViews, mostItemBytes } from './dynamodb-views.ts';
import { testClient } from './testing/test-client.ts';

const dynamodb = await emulator('dynamodb');
const log = 'shop:orders@1';

function creating(key: string, document?: Document): ItemWrite {
  return { ...write(settled(key, 1, document)), madeOf: { [log]: { position: 1, index: 0 } } };
}

/** Larger than DynamoDB takes, by what is not counted: the source of its last event. */
function tooLarge(creation: ItemWrite): ItemWrite {
  const { item } = creation;
  const document = { text: 'x'.repeat(mostItemBytes - 20) };
  const last = { ...at(1), source: 's'.repeat(60_000) };
  return { ...creation, item: { ...item, document, state: { kind: 'settled', at: last } } };
}

async function opened(): Promise<{ readonly store: ViewStore; readonly id: GenerationId }> {
  const store = dynamodbViews({ client: testClient(dynamodb), prefix: uniqueName() });
  await store.prepare();
  return { store, id: await newGeneration(store) };
}

describeWith([dynamodb], 'what DynamoDB does not take', () => {
  test('items of any text are created side by side, however many bytes they have', async () => {
    const { store, id } = await opened();
    const large = { text: '漢'.repeat(90_000) };
    const writes = Array.from({ length: 20 }, (_, n) => creating(`k${n}`, large));
    expect(await store.writeMany(id, writes)).toMatchObject({ conflicts: [] });
    expect(await store.count(id)).toBe(20);
  });

  test.each([
    ['created', creating],
    ['written', (key: string): ItemWrite => write(settled(key, 1))],
  ])('an item that it does not take is named; the others can be %s without it', async (_, make) => {
    const { store, id } = await opened();
    const writes = Array.from({ length: 9 }, (_one, n) => make(`k${n}`));
    const given = writes.map((one, n) => (n === 4 ? tooLarge(one) : one));
    const refused = { code: 'DOCUMENT_NOT_STORABLE', retryable: false, details: { key: 'k4' } };
    await expect(store.writeMany(id, given)).rejects.toMatchObject(refused);
    const others = given.filter(({ item }) => item.key !== 'k4');
    await store.writeMany(id, others);
    expect(await store.count(id)).toBe(8);
  });

  test('no line about it has a document', async () => {
    const { store, id } = await opened();
    await store.writeMany(id, [creating('a', { iban: 'DE00 1234' })]);
    // DynamoDB gives the item that is there with the reasons why nothing was done.
    const failed = store.writeMany(id, [creating('a'), tooLarge(creating('b'))]);
    const error: unknown = await failed.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'DOCUMENT_NOT_STORABLE' });
    const lines: string[] = [];
    const write = (line: string): void => void lines.push(line);
    for (const logger of [createLogger({ write }), lambdaLogger({ service: 's', group: 'g', write })])
      logger.error({ err: error }, 'failed');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).not.toContain('DE00 1234');
      expect(line).not.toContain('xxxx');
    }
  });
});
