import { expect, test } from '@jest/globals';
import type { ItemWrite, ViewStore } from 'banyan/projections';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { dynamodbViews } from '../../projections/dynamodb/dynamodb-views.ts';
import { faultyClient } from '../../projections/dynamodb/testing/faulty-client.ts';
import { ProvisionedTable, type WriteCalls } from '../../projections/dynamodb/testing/provisioned-table.ts';
import { newGeneration, settled, write } from '../../projections/testing/examples.ts';
import { PacedWriter } from './paced-writer.ts';

/*
 * A rebuild writes into a table with little capacity, which others write into too. All times and rates are those of the
 * table's own clock.
 */
const dynamodb = await emulator('dynamodb');

const unitsPerSecond = 100;
/** What is written as live, whatever the rebuild does. */
const live = { documents: 10, everyMs: 500 } as const;

describeWith([dynamodb], 'a table of DynamoDB that takes few writes', () => {
  test('throttles a rebuild little, and who writes beside it hardly ever, once its rate is found', async () => {
    const table = new ProvisionedTable(unitsPerSecond);
    const prefix = uniqueName();
    const open = (calls: WriteCalls): ViewStore =>
      dynamodbViews({ client: faultyClient(dynamodb, table.faults(calls)), prefix, shards: 4 });
    const [ofLive, ofRebuild] = [newCalls(), newCalls()];
    const [store, rebuilding] = [open(ofLive), open(ofRebuild)];
    await store.prepare();
    const generation = await newGeneration(store, { indexes: [] });
    const paced = new PacedWriter({ store: rebuilding, generation, rate: undefined, now: table.now });
    let [made, due] = [0, 0];
    const some = (count: number): ItemWrite[] =>
      Array.from({ length: count }, () => write(settled(`k${String((made += 1))}`, 1)));
    const until = async (end: number): Promise<void> => {
      while (table.now() < end) {
        if (table.now() >= due) {
          due += live.everyMs;
          await store.writeMany(generation, some(live.documents));
        } else if (paced.pauseMs === 0) await paced.write(some(paced.batch));
        else table.pass(Math.max(1, Math.min(paced.pauseMs, due - table.now())));
      }
    };

    await until(5000);
    expect(paced.throttled).toBe(ofRebuild.throttled);
    expect(paced.throttled).toBeGreaterThan(0);
    expect(paced.perSecond).toBeLessThan(unitsPerSecond);
    const before = { live: { ...ofLive }, rebuild: { ...ofRebuild } };
    await until(25_000);
    expect(shareSince(before.live, ofLive)).toBeLessThan(0.05);
    expect(shareSince(before.rebuild, ofRebuild)).toBeLessThan(0.1);
    // Together they use most of what there is.
    expect(ofRebuild.sent - before.rebuild.sent).toBeGreaterThan(20 * unitsPerSecond * 0.4);
    expect(await store.count(generation)).toBe(made);

    const slow = paced.perSecond;
    table.unitsPerSecond = Infinity;
    for (let second = 0; second < 20; second += 1) {
      table.pass(1000);
      expect(await paced.write(some(1))).toEqual([]);
    }
    expect(paced.perSecond).toBeGreaterThanOrEqual(slow + 20 * 5);
  }, 120_000);
});

function newCalls(): WriteCalls {
  return { sent: 0, throttled: 0 };
}

/** Which part of the calls was throttled. */
function shareSince(before: WriteCalls, now: WriteCalls): number {
  return (now.throttled - before.throttled) / (now.sent - before.sent);
}
