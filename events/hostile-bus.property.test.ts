import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { eventually } from '../kit/eventually.ts';
import { seeded } from '../kit/seeded.ts';
import type { Delivery, Subscription } from './bus.ts';
import { eventLogName, type DomainEvent, type LogCursor } from './domain-event.ts';
import { createHostileBus, type HostileBusOptions } from './hostile-bus.ts';
import { fateOf } from './hostile-fate.ts';
import { eventsIn, histories, isBehind, types, type EventHistory } from './testing/event-histories.ts';
import { historyReader } from './testing/history-reader.ts';

const numRuns = process.env['BANYAN_LONG'] ? 3000 : 100;

const settings = fc.record({
  hostility: fc.record({
    seed: fc.integer(),
    drop: fc.constantFrom(0, 0.2, 0.9),
    repeat: fc.integer({ min: 1, max: 10 }),
    delayMs: fc.constantFrom(0, 2, 20),
    batch: fc.integer({ min: 1, max: 8 }),
  }),
  limits: fc.record({
    inFlight: fc.integer({ min: 1, max: 4 }),
    waiting: fc.integer({ min: 1, max: 30 }),
    bytes: fc.constantFrom(1, 1000, 1_000_000),
    retryMs: fc.constantFrom(1, 3),
    mostRetryMs: fc.constantFrom(1, 10),
  }),
});
type Settings = Pick<HostileBusOptions, 'hostility' | 'limits'>;

const subscriptions = fc.record({
  name: fc.constantFrom('cards.g1', 'cards.g2'),
  types: fc.subarray([...types], { minLength: 1 }),
  from: fc.array(fc.record({ position: fc.nat(8), index: fc.option(fc.nat(3), { nil: undefined }) }), {
    minLength: 4,
    maxLength: 4,
  }),
});

/** A subscription to all of the histories, behind those cursors. */
function subscriptionTo(
  all: readonly EventHistory[],
  { name, types: wanted, from }: typeof subscriptions extends fc.Arbitrary<infer T> ? T : never,
): Subscription {
  const cursors = all.flatMap(({ log }, at) => {
    const { position = 0, index } = from[at] ?? {};
    const cursor: LogCursor = index === undefined ? { position } : { position, index };
    return position === 0 ? [] : [[eventLogName(log), cursor] as const];
  });
  return { name, logs: all.map(({ log }) => log), types: wanted, from: Object.fromEntries(cursors) };
}

/** How often each event is to come. */
function fates(all: readonly EventHistory[], subscription: Subscription, { hostility }: Settings) {
  const wanted = all
    .flatMap((history) => history.lines.flatMap((line) => eventsIn(history, line)))
    .filter(
      (event) =>
        subscription.types.includes(event.type) && isBehind(event, subscription.from[eventLogName(event)]),
    );
  const times = new Map(
    wanted.map((event) => [event, fateOf(hostility, subscription.name, event.id).copies.length]),
  );
  return {
    times: Object.fromEntries([...times].flatMap(([{ id }, count]) => (count > 0 ? [[id, count]] : []))),
    events: new Map([...times.keys()].map((event) => [event.id, event])),
    copies: [...times.values()].reduce((sum, one) => sum + one, 0),
    repeats: [...times.values()].reduce((sum, one) => sum + Math.max(0, one - 1), 0),
    dropped: [...times.values()].filter((one) => one === 0).length,
  };
}

/** A handler that takes its time and refuses some; keeps what it took. */
function createTaker(seed: number, refuse: number) {
  const random = seeded(seed);
  const taken: Record<string, number> = {};
  const events: DomainEvent[] = [];
  const figures = { underWay: 0, most: 0, largest: 0, refused: 0 };
  return {
    taken,
    events,
    figures,
    handler: async (delivery: Delivery): Promise<void> => {
      expect(delivery.progress).toBeUndefined();
      figures.underWay += 1;
      figures.most = Math.max(figures.most, figures.underWay);
      figures.largest = Math.max(figures.largest, delivery.events.length);
      const turns = Math.floor(random() * 3);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      figures.underWay -= 1;
      if (random() < refuse) {
        figures.refused += delivery.events.length;
        throw new Error('not now');
      }
      events.push(...delivery.events);
      for (const { id } of delivery.events) taken[id] = (taken[id] ?? 0) + 1;
    },
  };
}

test('what is not dropped is taken as often as its fate says, whatever was refused; the rest never', async () => {
  await fc.assert(
    fc.asyncProperty(
      histories,
      settings,
      subscriptions,
      fc.record({
        seed: fc.integer(),
        refuse: fc.constantFrom(0, 0.3, 0.8),
        perBatch: fc.integer({ min: 1, max: 4 }),
      }),
      async (all, { hostility, limits }, wanted, { seed, refuse, perBatch }) => {
        const subscription = subscriptionTo(all, wanted);
        const expected = fates(all, subscription, { hostility, limits });
        const readers = new Map(all.map((one) => [eventLogName(one.log), historyReader(one, perBatch)]));
        const bus = createHostileBus({
          eventLog: (log) => {
            const reader = readers.get(eventLogName(log));
            if (!reader) throw new Error(`no ${eventLogName(log)}`);
            return reader;
          },
          hostility,
          limits,
        });
        const taker = createTaker(seed, refuse);
        const running = await bus.subscribe(subscription, taker.handler);
        await eventually(() => {
          const { dropped, delivered } = bus.figures();
          expect({ dropped, delivered }).toEqual({ dropped: expected.dropped, delivered: expected.copies });
        });
        expect(taker.taken).toEqual(expected.times);
        for (const event of taker.events) expect(event).toEqual(expected.events.get(event.id));
        expect(bus.figures()).toMatchObject({
          repeated: expected.repeats,
          refused: taker.figures.refused,
          waiting: 0,
        });
        expect(taker.figures.most).toBeLessThanOrEqual(limits.inFlight);
        expect(taker.figures.largest).toBeLessThanOrEqual(hostility.batch);
        await bus.close();
        await running.ended;
      },
    ),
    { numRuns },
  );
}, 600_000);
