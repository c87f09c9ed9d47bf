import { expect, test } from '@jest/globals';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { seeded } from '../../kit/seeded.ts';
import { expectPurged } from '../testing/by-index.ts';
import { newGeneration, settled, tombstone, write } from '../testing/examples.ts';
import { viewStoreContract } from '../view-store.contract.ts';
import type { GenerationId, ItemWrite, ViewStore } from '../view-store.ts';
import { dynamodbViews, type DynamodbViewsOptions } from './dynamodb-views.ts';
import { faultyClient, type CallFault, type Faults } from './testing/faulty-client.ts';
import { testClient } from './testing/test-client.ts';

const dynamodb = await emulator('dynamodb');
const log = 'shop:orders@1';

function creating(key: string, position: number): ItemWrite {
  return { ...write(settled(key, 1)), madeOf: { [log]: { position, index: 0 } } };
}

/** The next calls of an operation fail like that, in turn; all others go well. */
function planned(): Faults & { readonly plan: Map<string, CallFault[]> } {
  const plan = new Map<string, CallFault[]>();
  return { plan, faultOf: (operation) => plan.get(operation)?.shift() ?? 'none' };
}

/** A store whose calls fail, and one on the same tables whose calls do not. */
async function stores(
  faults: Faults,
  given: Partial<DynamodbViewsOptions> = {},
): Promise<readonly [faulty: ViewStore, sound: ViewStore]> {
  const prefix = uniqueName();
  const faulty = dynamodbViews({ client: faultyClient(dynamodb, faults), prefix, ...given });
  const sound = dynamodbViews({ client: testClient(dynamodb), prefix });
  await sound.prepare();
  return [faulty, sound];
}

/** Something that is waited for. */
interface Signal {
  readonly given: Promise<void>;
  readonly give: () => void;
}

function signal(): Signal {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give: () => give() };
}

async function moveTo(store: ViewStore, id: GenerationId, position: number): Promise<void> {
  const { revision, ...tracking } = await store.tracking(id);
  await store.changeTracking(id, revision, { ...tracking, watermark: { [log]: { position } } });
}

describeWith([dynamodb], 'DynamoDB Local, its calls failing now and then', () => {
  viewStoreContract('DynamoDB under faults', async () => {
    const random = seeded(7);
    const faults: Faults = {
      faultOf: (operation) => {
        const fault = (['throttled', 'contended', 'lost-answer'] as const)[Math.floor(random() * 150)];
        // A deletion counts what it did, a receipt is kept once, and a write that was overwritten before it was asked
        // for again is a conflict: with these, an answer that is lost is not as if it had come.
        const isTold = ['DeleteItem', 'BatchWriteItem', 'PutItem'].includes(operation);
        return fault === undefined || (fault === 'lost-answer' && isTold) ? 'none' : fault;
      },
      isHalved: () => random() < 0.1,
    };
    const client = faultyClient(dynamodb, faults);
    const prefix = uniqueName();
    return [dynamodbViews({ client, prefix, shards: 3 }), dynamodbViews({ client, prefix, shards: 3 })];
  });
});

describeWith([dynamodb], 'a fault of DynamoDB', () => {
  test.each([1, 3])(
    'a write whose answer is lost is no conflict, an equal one of another is (%i attempts)',
    async (maxAttempts) => {
      const faults = planned();
      const [faulty, sound] = await stores({ ...faults, maxAttempts });
      const id = await newGeneration(sound);
      faults.plan.set('PutItem', ['lost-answer', 'lost-answer']);
      expect(await faulty.writeMany(id, [write(settled('a', 1))])).toMatchObject({ conflicts: [] });
      expect(await sound.writeMany(id, [write(settled('a', 1))])).toMatchObject({ conflicts: ['a'] });
      faults.plan.set('TransactWriteItems', ['lost-answer', 'lost-answer']);
      const creation = creating('b', 1);
      expect(await faulty.writeMany(id, [creation])).toMatchObject({ conflicts: [] });
      expect(await sound.writeMany(id, [creation])).toMatchObject({ conflicts: ['b'] });
      expect(await sound.count(id)).toBe(2);
    },
  );

  test('changes whose answers are lost are told as done', async () => {
    const faults = planned();
    const [faulty, sound] = await stores(faults);
    const id = await newGeneration(sound);
    const { revision, ...tracking } = await faulty.tracking(id);
    faults.plan.set('PutItem', ['lost-answer']).set('UpdateItem', ['lost-answer']);
    expect(await faulty.changeTracking(id, revision, tracking)).toBe(true);
    expect(await sound.changeTracking(id, revision, tracking)).toBe(false);
    await faulty.changeGeneration(id, 'building', { state: { kind: 'ready' }, floor: {} });
    faults.plan.set('UpdateItem', ['lost-answer']);
    expect(await faulty.movePointer(id.projection, 0, { a: 1 })).toEqual({ epoch: 1, live: { a: 1 } });
    expect((await sound.generations(id.projection))[0]?.state).toEqual({ kind: 'ready' });
  });

  test('keys and rows that are left undone are asked for until they are done', async () => {
    const [faulty, sound] = await stores({ faultOf: () => 'none', isHalved: () => true });
    const id = await newGeneration(sound);
    const keys = Array.from({ length: 130 }, (_, n) => `k${n}`);
    await sound.writeMany(
      id,
      keys.map((key) => write(settled(key, 1))),
    );
    expect([...(await faulty.readMany(id, keys)).keys()].sort()).toEqual([...keys].sort());
    await faulty.addReceipts(
      id,
      keys.map((_, position) => ({ log, places: [{ position, index: 0 }], healed: false })),
    );
    const kept = await sound.receipts(id, { limit: 1000 });
    expect(kept.map(({ places }) => places[0]?.position)).toEqual(keys.map((_, position) => position));
    await faulty.removeReceipts(
      id,
      kept.map((one) => one.id),
    );
    expect(await sound.receipts(id, { limit: 1 })).toEqual([]);
  });

  test('thousands of items are created in one batch, also when some of them are there', async () => {
    const [store, sound] = await stores({ faultOf: () => 'none' }, { patienceMs: 0 });
    const id = await newGeneration(sound);
    await sound.writeMany(id, [write(settled('k7', 1)), write(settled('k1999', 1))]);
    const writes = Array.from({ length: 2000 }, (_, n) => creating(`k${n}`, n + 1));
    const { conflicts } = await store.writeMany(id, writes);
    expect([...conflicts].sort()).toEqual(['k1999', 'k7']);
    expect(await sound.count(id)).toBe(2000);
  });

  test('transactions that meet others are tried again, with other guards', async () => {
    const faults = planned();
    const [faulty, sound] = await stores(faults);
    const id = await newGeneration(sound);
    faults.plan.set('TransactWriteItems', ['contended', 'contended', 'throttled', 'contended']);
    const writes = Array.from({ length: 100 }, (_, n) => creating(`k${n}`, n + 1));
    expect(await faulty.writeMany(id, writes)).toMatchObject({ conflicts: [] });
    expect(await sound.count(id)).toBe(100);
    faults.plan.set('PutItem', ['contended', 'throttled']);
    expect(await faulty.writeMany(id, [write(settled('k1', 2), 1)])).toMatchObject({ conflicts: [] });
  });

  test('a table that is new is waited for, until all of DynamoDB knows it', async () => {
    const faults = planned();
    const [faulty, sound] = await stores(faults);
    // The registry is asked twice, then the new table; then it is asked again.
    faults.plan.set('GetItem', ['none', 'none', 'missing', 'missing']);
    const id = await newGeneration(faulty);
    expect(faults.plan.get('GetItem')).toEqual([]);
    await sound.writeMany(id, [write(settled('a', 1))]);
    faults.plan.set('BatchGetItem', ['missing', 'missing', 'missing']);
    expect([...(await faulty.readMany(id, ['a'])).keys()]).toEqual(['a']);
    faults.plan.set('BatchGetItem', ['missing']);
    await sound.dropGeneration(id);
    await expect(faulty.readMany(id, ['a'])).rejects.toMatchObject({ code: 'GENERATION_UNKNOWN' });
  });

  test('one that does not pass is told, as retryable, and each throttled call is counted', async () => {
    const throttled: string[] = [];
    const faults: Faults = { faultOf: (operation) => (operation === 'PutItem' ? 'throttled' : 'none') };
    const given = { patienceMs: 100, onThrottled: (operation: string) => throttled.push(operation) };
    const [faulty, sound] = await stores(faults, given);
    const id = await newGeneration(sound);
    const unreachable = { code: 'VIEW_STORE_UNREACHABLE', retryable: true };
    await expect(faulty.writeMany(id, [write(settled('a', 1))])).rejects.toMatchObject(unreachable);
    expect(throttled.length).toBeGreaterThan(1);
    expect(new Set(throttled)).toEqual(new Set(['PutItem']));
    const [denied] = await stores({ faultOf: () => 'denied' });
    const refused = { code: 'VIEW_STORE_REFUSED', retryable: false };
    await expect(denied.pointer('g')).rejects.toMatchObject(refused);
    const noone = { kind: 'running', endpoint: 'http://127.0.0.1:1' } as const;
    const nowhere = dynamodbViews({ client: testClient(noone, 1), patienceMs: 0 });
    await expect(nowhere.pointer('g')).rejects.toMatchObject(unreachable);
  });
});

describeWith([dynamodb], 'a process that sleeps before it writes', () => {
  test('does not make again what was removed and purged meanwhile', async () => {
    let nap: { readonly asleep: Signal; readonly wake: Signal } | undefined;
    const [sleeper, sound] = await stores({
      faultOf: async (operation): Promise<CallFault> => {
        if (operation !== 'TransactWriteItems' || !nap) return 'none';
        const { asleep, wake } = nap;
        nap = undefined;
        asleep.give();
        await wake.given;
        return 'none';
      },
    });
    const id = await newGeneration(sound);
    // The first time no guard was ever moved, the second time all were.
    for (const [first, a, b] of [
      [1, 'a', 'b'],
      [4, 'c', 'd'],
    ] as const) {
      const [asleep, wake] = [signal(), signal()];
      nap = { asleep, wake };
      const late = sleeper.writeMany(id, [creating(a, first), creating(b, first + 2)]);
      await asleep.given;
      // It has looked at the watermark. The key comes and goes, and nothing is left of it.
      await sound.writeMany(id, [creating(a, first)]);
      await sound.writeMany(id, [write(tombstone(a, 2), 1)]);
      await moveTo(sound, id, first + 1);
      await expectPurged(sound, id, '2030', 1);
      wake.give();
      expect(await late).toEqual({ conflicts: [a] });
      expect([...(await sound.readMany(id, [a, b])).keys()]).toEqual([b]);
    }
  });

  test('is held up by no purge that finds nothing', async () => {
    const operations: string[] = [];
    const [store, sound] = await stores({
      faultOf: (operation) => {
        operations.push(operation);
        return 'none';
      },
    });
    const id = await newGeneration(sound);
    await store.writeMany(id, [creating('a', 1)]);
    operations.length = 0;
    expect(await store.purgeRemoved(id, '2030')).toBe(0);
    expect(new Set(operations)).toEqual(new Set(['Query']));
    operations.length = 0;
    await store.writeMany(id, [creating('b', 1)]);
    // The guard is known: it looks at the watermark, and writes.
    expect(operations.slice(-2)).toEqual(['GetItem', 'TransactWriteItems']);
  });
});
