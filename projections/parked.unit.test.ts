import { afterEach, describe, expect, test } from '@jest/globals';
import {
  findEvent,
  listParked,
  retryParked,
  retryProjection,
  showParked,
  skipParked,
  skipStuck,
} from './parked.ts';
import { crmLog, setPoisonous, shopLog, UnorderedView } from './testing/unordered-view.ts';

afterEach(() => setPoisonous(true));

/** Keys that are parked, with events behind those that parked them. */
async function parked(keys: readonly string[]): Promise<UnorderedView> {
  const view = await UnorderedView.begin([shopLog, crmLog]);
  for (const key of keys) await view.apply(view.append(['Counted', key], ['Poison', key], ['Counted', key]));
  await view.apply(view.append(['Counted', 'good']));
  view.tally();
  expect(await view.tracker().run()).toMatchObject({ parked: keys.length, behind: 0 });
  return view;
}

const optionsOf = ({ projection, generation, store, logs }: UnorderedView) => ({
  ...{ projection, generation, store, logs },
});

describe('parked keys', () => {
  test('are listed by pages, and shown with their event', async () => {
    const view = await parked(['a', 'b', 'c']);
    const { store, generation } = view;
    const { keys, next } = await listParked(store, generation, { limit: 2 });
    expect(keys).toMatchObject([
      {
        key: 'a',
        eventId: 'shop:orders@1:1:1',
        code: 'HANDLER_THREW',
      },
      {
        key: 'b',
        eventId: 'shop:orders@1:2:1',
        code: 'HANDLER_THREW',
      },
    ]);
    expect(await listParked(store, generation, { limit: 2, after: next ?? '' })).toMatchObject({
      keys: [{ key: 'c' }],
    });
    const { item, event } = await showParked(optionsOf(view), 'b');
    expect(item).toMatchObject({ key: 'b', document: { count: 1 } });
    expect(event).toMatchObject({ type: 'Poison', data: { keys: ['b'] } });
    for (const key of ['good', 'x'])
      await expect(showParked(optionsOf(view), key)).rejects.toMatchObject({ code: 'KEY_NOT_PARKED' });
  });

  test('are tried again, with all that came meanwhile, once their cause has gone', async () => {
    const view = await parked(['a', 'b']);
    await view.apply(view.append(['Counted', 'a']));
    const options = { ...optionsOf(view), keys: ['a', 'b', 'good', 'x'] };
    expect(await retryParked(options)).toEqual({ caughtUp: [], parked: ['a', 'b'], left: [] });
    setPoisonous(false);
    expect(await retryParked(options)).toEqual({ caughtUp: ['a', 'b'], parked: [], left: [] });
    expect(await view.documents()).toEqual(view.expected);
    await view.apply(view.append(['Counted', 'a']));
    expect(await view.documents()).toEqual(view.expected);
  });

  test('go on without the event, and meet the next one', async () => {
    const view = await parked(['a']);
    const [, other] = view.append(['Counted', 'a'], ['Poison', 'a']);
    view.tally();
    expect(await skipParked(optionsOf(view), 'a', 'shop:orders@1:1:1')).toEqual({
      caughtUp: [],
      parked: ['a'],
      left: [],
    });
    // Only what is named is left out.
    expect(await skipParked(optionsOf(view), 'a', 'shop:orders@1:1:1')).toMatchObject({ parked: ['a'] });
    expect(await skipParked(optionsOf(view), 'a', other.id)).toMatchObject({ caughtUp: ['a'] });
    expect(await view.documents()).toEqual(view.expected);
    // The bus brings them once more.
    await view.apply(view.history);
    expect(await view.documents()).toEqual(view.expected);
    await expect(skipParked(optionsOf(view), 'a', other.id)).rejects.toMatchObject({
      code: 'KEY_NOT_PARKED',
    });
  });
});

describe('a parked projection', () => {
  test('is let go on, with its event or without', async () => {
    const view = await UnorderedView.begin([shopLog, crmLog]);
    const { store, generation, logs } = view;
    const [bad] = view.appendTo(1, ['Nowhere', 'a']);
    for (const unpark of [
      () => retryProjection(store, generation),
      () => skipStuck(store, generation, logs, bad.id),
    ])
      await expect(unpark()).rejects.toMatchObject({ code: 'PROJECTION_NOT_PARKED' });
    await expect(view.apply([bad])).rejects.toMatchObject({ code: 'PROJECTION_FAILED' });
    expect(await retryProjection(store, generation)).toMatchObject({ eventId: bad.id });
    await expect(view.apply([bad])).rejects.toMatchObject({ code: 'PROJECTION_FAILED' });
    await expect(skipStuck(store, generation, logs, 'another')).rejects.toMatchObject({
      code: 'PROJECTION_NOT_PARKED',
    });
    expect(await skipStuck(store, generation, logs, bad.id)).toMatchObject({ eventId: bad.id });
    await view.apply([bad]);
    const { skipped, parked: stuck } = await store.tracking(generation);
    expect([skipped, stuck]).toEqual([{ 'crm:contacts@1': [{ position: 1, index: 0 }] }, undefined]);
  });
});

test('an event is found by its id, in its log only', async () => {
  const view = await UnorderedView.begin([shopLog, crmLog]);
  const events = view.append(['Counted', 'a'], ['Counted', 'b']);
  for (const event of events) expect(await findEvent(view.logs, event.id)).toEqual(event);
  for (const id of [
    'shop:orders@1:1:2',
    'shop:orders@1:2:0',
    'crm:contacts@1:1:0',
    'shop:orders@1:1',
    'x',
    '',
  ])
    expect(await findEvent(view.logs, id)).toBeUndefined();
});
