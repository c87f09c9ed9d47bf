import { describe, expect, test } from '@jest/globals';
import { event } from 'banyan/events';
import { createLogger } from 'banyan/runtime';
import { z } from 'zod';
import { createMemoryViewStore } from './memory-view-store.ts';
import { projection } from './projection.ts';
import { startProjector } from './projector.ts';
import { counters, exampleEvent } from './testing/counters.ts';
import { at, newGeneration } from './testing/examples.ts';
import { closedAfterwards, documents, end, log, started } from './testing/started.ts';
import type { ItemState } from './view-store.ts';

const Counted = event('Counted', z.object({ keys: z.array(z.string()) }));
/** Fails in the key `bad` of an event that names it. */
const strict = projection('strict', z.object({ n: z.int() })).on(Counted, {
  key: (e) => e.keys,
  apply: (document, e, _, key) => ({
    n: key === 'bad' && e.keys.includes('x') ? 0.5 : (document?.n ?? 0) + 1,
  }),
});

const counted = (position: number, ...keys: string[]) => exampleEvent(position, 'Counted', { keys });
const stuck = {
  eventId: 'shop:orders@1:3:0',
  code: 'DOCUMENT_INVALID',
  message: 'the document does not match its schema: $.n: Invalid input: expected int, received number',
};

describe('an event that cannot be folded (G9)', () => {
  const events = [
    counted(1, 'bad', 'k1'),
    counted(2, 'k2'),
    counted(3, 'x', 'bad'),
    counted(4, 'bad', 'k1'),
    counted(5, 'x', 'bad', 'k5'),
  ];

  test.each([1, 2, 10])('parks its key; all else goes on, in deliveries of %i', async (perDelivery) => {
    const lines: string[] = [];
    const logger = createLogger({ write: (line) => lines.push(line) });
    const { store, bus, generation, projector } = await started({ of: strict, logger });
    await bus.deliver(events, perDelivery);
    await projector.reached(end(events));
    expect(await documents(store, generation)).toEqual(
      new Map([
        ['bad', { n: 1 }],
        ['k1', { n: 2 }],
        ['k2', { n: 1 }],
        ['k5', { n: 1 }],
        ['x', { n: 2 }],
      ]),
    );
    const items = await store.readMany(generation, ['bad', 'x']);
    expect(items.get('x')?.state).toEqual({ kind: 'settled', at: at(5) });
    expect(items.get('bad')).toMatchObject({
      document: { n: 1 },
      state: { kind: 'behind', base: { document: { n: 1 } }, cause: { kind: 'parked', ...stuck } },
    });
    expect(projector.status()).toMatchObject({ state: { kind: 'running' }, parked: 1, events: 5 });
    // Said once, and only then.
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        level: 40,
        projection: generation.projection,
        generation: 1,
        key: 'bad',
        eventId: stuck.eventId,
        code: stuck.code,
        msg: expect.stringContaining(
          `Key "bad" of view ${generation.projection}, generation 1, is parked at event shop:orders@1:3:0: ${stuck.message}.`,
        ),
      }),
    ]);
  });

  test('the first of a key leaves no document, and says where the key begins', async () => {
    const { store, bus, generation, projector } = await started({ of: strict });
    const first = [counted(2, 'k2'), counted(3, 'x', 'bad')];
    await bus.deliver(first);
    await projector.reached(end(first));
    const item = (await store.readMany(generation, ['bad'])).get('bad');
    expect(item).not.toHaveProperty('document');
    expect(item?.state).toEqual({
      kind: 'behind',
      base: { document: undefined, at: { ...at(2), index: -1 } },
      cause: { kind: 'parked', ...stuck },
    });
  });
});

describe('what a projector on an unordered bus left', () => {
  const started_ = async (state: ItemState, document?: { count: number }) => {
    const memory = createMemoryViewStore();
    const generation = await newGeneration(memory, { floor: { [log]: { position: 3 } } });
    const item = { key: 'k', revision: 1, ...(document && { document }), state };
    await memory.writeMany(generation, [{ item, expected: undefined, indexEntries: [] }]);
    return { ...(await started({ store: memory, generation })), item };
  };
  const base = { document: undefined, at: at(2) };

  test('an open item is gone on with, and what it has ahead of the progress is not counted twice', async () => {
    const window = [counted(3, 'k'), counted(6, 'k')];
    const { store, bus, generation, projector } = await started_(
      { kind: 'open', base, window },
      { count: 2 },
    );
    const read = async () => (await store.readMany(generation, ['k'])).get('k');
    // Between what it has: folded there, and what lies ahead may still be overtaken.
    await bus.hand({ events: [counted(4, 'k')], progress: { [log]: { position: 4 } } });
    await projector.reached({ [log]: { position: 4 } });
    expect(await read()).toMatchObject({
      document: { count: 3 },
      state: { kind: 'open', window: [{ position: 6 }] },
    });
    await bus.hand({ events: [counted(5, 'k')], progress: { [log]: { position: 5 } } });
    await bus.hand({ events: [counted(6, 'k')], progress: { [log]: { position: 6 } } });
    await projector.reached({ [log]: { position: 6 } });
    expect(await read()).toMatchObject({ document: { count: 4 }, state: { kind: 'settled', at: at(6) } });
  });

  test('an item that is behind stays so until its catch-up', async () => {
    const { store, bus, generation, projector, item } = await started_({
      kind: 'behind',
      base,
      cause: { kind: 'window' },
    });
    await bus.hand({ events: [counted(4, 'k', 'other')], progress: { [log]: { position: 4 } } });
    await projector.reached({ [log]: { position: 4 } });
    const items = await store.readMany(generation, ['k', 'other']);
    expect(items.get('k')).toEqual(item);
    expect(items.get('other')?.document).toMatchObject({ count: 1 });
  });

  test.each(['open', 'behind'] as const)(
    'a log that the view did not have is seen by an item that is %s',
    async (kind) => {
      const state: ItemState =
        kind === 'open'
          ? { kind, base, window: [counted(3, 'k')] }
          : { kind, base, cause: { kind: 'window' } };
      const { bus, projector } = await started_(state);
      const old = exampleEvent(1, 'Counted', { keys: ['k'] }, { source: 'crm' });
      const progress = { [log]: { position: 3 }, 'crm:orders@1': { position: 1 } };
      await bus.hand({ events: [old], progress }).catch(() => undefined);
      await expect(projector.ended).rejects.toMatchObject({ code: 'EVENT_OUT_OF_ORDER' });
    },
  );
});

test('a parked key stays parked when the projector starts again, even with other code', async () => {
  const { store, bus, generation, projector, options } = await started({ of: strict });
  await bus.deliver([counted(3, 'x', 'bad')]);
  await projector.reached({ [log]: { position: 3 } });
  await projector.close();
  const other = closedAfterwards(await startProjector({ ...options, projection: counters }));
  await bus.hand({ events: [counted(4, 'bad', 'y')], progress: { [log]: { position: 4 } } });
  await other.reached({ [log]: { position: 4 } });
  expect([...(await documents(store, generation)).keys()]).toEqual(['x', 'y']);
});
