import { describe, expect, test } from '@jest/globals';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { dynamodbViews, mostItemBytes } from '../dynamodb/dynamodb-views.ts';
import { testClient } from '../dynamodb/testing/test-client.ts';
import { createMemoryViewStore } from '../memory-view-store.ts';
import { shopLog, UnorderedView } from '../testing/unordered-view.ts';
import type { ViewStore } from '../view-store.ts';

/*
 * What the bus lost is applied from the event log; a document of it may be too large for any item of the store.
 */
const dynamodb = await emulator('dynamodb');

describe('in memory', () => {
  healsWhatIsTooLarge(async () => createMemoryViewStore({ itemBytes: mostItemBytes }));
});

describeWith([dynamodb], 'in DynamoDB', () => {
  healsWhatIsTooLarge(async () => {
    const store = dynamodbViews({ client: testClient(dynamodb), prefix: uniqueName(), shards: 2 });
    await store.prepare();
    return store;
  });
});

function healsWhatIsTooLarge(open: () => Promise<ViewStore>): void {
  test('a lost event whose document is too large parks its key, the watermark goes on, and so do all other keys', async () => {
    const view = await UnorderedView.begin([shopLog], await open());
    await view.apply(view.append(['Counted', 'a'], ['Counted', 'b']));
    const [large] = view.append(['Large', 'a'], ['Counted', 'b']);
    view.append(['Counted', 'a'], ['Large', 'c'], ['Counted', 'd']);
    view.tally();
    view.now += 100_000;
    const tracker = view.tracker();
    const end = view.log.end;
    expect(await tracker.run()).toMatchObject({
      watermark: { [view.log.name]: { position: end } },
      ...{ healed: 5, late: 0, unmet: 0 },
    });
    const items = await view.items();
    const parked = { kind: 'behind', cause: { kind: 'parked', code: 'DOCUMENT_TOO_LARGE' } };
    expect(items.get('a')).toMatchObject({
      document: { count: 1 },
      state: { ...parked, cause: { ...parked.cause, eventId: large.id } },
    });
    expect(items.get('c')).toMatchObject({ state: parked });
    expect(items.get('c')?.document).toBeUndefined();
    expect(['b', 'd'].map((key) => items.get(key)?.document?.['count'])).toEqual([2, 1]);
    // The bus brings it all the same: it is late, and changes nothing.
    await view.apply([large]);
    view.append(['Counted', 'b']);
    view.tally();
    view.now += 100_000;
    expect(await tracker.run()).toMatchObject({ healed: 6, late: 1, unmet: 0 });
    expect((await view.items()).get('a')).toEqual(items.get('a'));
    expect((await view.items()).get('b')?.document?.['count']).toBe(3);
  });
}
