import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { coversCursor } from '../progress.ts';
import { emptyTracking, type EventPlace, type KeptReceipt, type Tracking } from './ledger.ts';
import { firstOf } from './position-ranges.ts';
import { ReceiptCount, type CountedRange, type Landmark, type TrackLimits } from './track.ts';

/** A log as it might be: events of each of its positions, the ends of its tallies, and where a generation begins. */
const log = fc
  .record({
    events: fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }),
    ends: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 6 }),
    floor: fc.option(fc.record({ position: fc.nat(11), index: fc.option(fc.nat(1)) }), { nil: undefined }),
  })
  .map(({ events, ends, floor }) => {
    const position = floor && 1 + (floor.position % events.length);
    return {
      events,
      ends,
      floor:
        floor && position ? { position, ...(floor.index !== null && { index: floor.index }) } : undefined,
    };
  });
/** A receipt that is added: which events, by chance, and whether by healing. */
const step = fc.record({
  add: fc.array(fc.record({ log: fc.nat(1), event: fc.nat(40) }), { maxLength: 6 }),
  healed: fc.boolean(),
  /** Whether the receipts that may go do go: a tracker may die before. */
  forget: fc.boolean(),
  /** Whether another tracker moves it meanwhile. */
  lost: fc.boolean(),
});
const limits = fc.record({ healed: fc.constantFrom(2, 1000), removed: fc.constantFrom(1, 1000) });

type Log = typeof log extends fc.Arbitrary<infer T> ? T : never;

/** All of the events of the logs that a generation is told of, and the ranges of its tallies. */
class World {
  readonly places: readonly (readonly EventPlace[])[];
  readonly names: readonly string[];
  readonly #logs: readonly Log[];
  tracking: Tracking;
  receipts: KeptReceipt[] = [];
  readonly receipted = new Set<string>();
  readonly healed = new Map<string, boolean>();
  #added = 0;

  constructor(logs: readonly Log[]) {
    this.#logs = logs;
    this.names = logs.map((_, at) => `log${at}`);
    this.places = logs.map(({ events }) =>
      events.flatMap((count, at) =>
        Array.from({ length: count }, (_, index) => ({ position: at + 1, index })),
      ),
    );
    const floors = logs.map(({ floor }, at) => (floor ? [[this.names[at] ?? '', floor] as const] : []));
    this.tracking = emptyTracking(Object.fromEntries(floors.flat()));
  }

  /** As the tallies tell them, what is done left out. */
  ranges(): CountedRange[] {
    return this.#logs.flatMap(({ events, ends }, at) => {
      const name = this.names[at] ?? '';
      const cuts = [...new Set([...ends, events.length])].filter((end) => end <= events.length);
      let after = this.tracking.watermark[name];
      return cuts
        .sort((one, other) => one - other)
        .flatMap((to): CountedRange[] => {
          const begin = after;
          if (begin && (begin.position > to || (begin.position === to && begin.index === undefined)))
            return [];
          after = { position: to };
          if (this.tracking.done[name]?.some((range) => range.from <= to && to <= range.to)) return [];
          const inside = this.places[at]?.filter(
            (place) => !coversCursor(begin, place) && place.position <= to,
          );
          return [{ log: name, after: begin, to, count: inside?.length ?? 0, at: 0 }];
        });
    });
  }

  get landmarks(): Landmark[] {
    return this.#logs.flatMap(({ events }, at) =>
      events.map((_, position) => ({
        log: this.names[at] ?? '',
        position: position + 1,
        logTime: `T${String(position + 1).padStart(3, '0')}`,
      })),
    );
  }

  add(places: readonly { readonly log: number; readonly event: number }[], healed: boolean): void {
    for (const [at, name] of this.names.entries()) {
      const all = this.places[at] ?? [];
      const mine = places.flatMap((one) =>
        one.log === at && all.length > 0 ? (all[one.event % all.length] ?? []) : [],
      );
      if (mine.length === 0) continue;
      this.#added += 1;
      this.receipts.push({ id: String(this.#added), log: name, places: mine, healed });
      for (const place of mine) this.receipted.add(nameOf(name, place));
    }
  }

  pass(bounds: TrackLimits, { forget, lost }: { readonly forget: boolean; readonly lost: boolean }): void {
    const count = new ReceiptCount(this.tracking, this.names, this.ranges(), bounds);
    for (const receipt of this.receipts) count.add(receipt);
    const { next, hasChanged, removable, unmet } = count.end(this.landmarks);
    for (const one of unmet) {
      const of = this.names.indexOf(one.range.log);
      const inside = this.places[of]?.filter(
        (place) => !coversCursor(one.range.after, place) && place.position <= one.range.to,
      );
      const missing = inside?.filter((place) => !one.has(place)) ?? [];
      expect(missing.length).toBe(one.missing);
      expect(missing.length).toBeGreaterThan(0);
    }
    if (lost) return;
    if (hasChanged) this.tracking = { ...next, revision: this.tracking.revision + 1 };
    else expect({ ...next, revision: this.tracking.revision }).toMatchObject({ ...this.tracking, done: {} });
    if (forget) this.receipts = this.receipts.filter(({ id }) => !removable.includes(id));
  }

  /** Of each log: what the watermark and what is done say to be there, has a receipt or lies below the floor. */
  check(): void {
    for (const [at, name] of this.names.entries()) {
      const floor = this.#logs[at]?.floor;
      for (const place of this.places[at] ?? []) {
        const isDone =
          coversCursor(this.tracking.watermark[name], place) ||
          this.tracking.done[name]?.some(({ from, to }) => from <= place.position && place.position <= to) ===
            true;
        if (isDone && !coversCursor(floor, place)) expect(this.receipted).toContain(nameOf(name, place));
      }
      const passed = firstOf(this.tracking.watermark[name]) - 1;
      const logTime = this.tracking.logTimes[name];
      if (logTime !== undefined) expect(logTime).toBe(`T${String(passed).padStart(3, '0')}`);
    }
  }
}

const nameOf = (of: string, { position, index }: EventPlace): string => `${of}:${position}:${index}`;

test('the watermark never passes an event without a receipt, and comes to the end once all have one', () => {
  fc.assert(
    fc.property(
      fc.array(log, { minLength: 1, maxLength: 2 }),
      fc.array(step, { maxLength: 20 }),
      limits,
      (logs, steps, bounds) => {
        const world = new World(logs);
        for (const { add, healed, ...what } of steps) {
          world.add(add, healed);
          world.pass(bounds, what);
          world.check();
        }
        for (const [at, places] of world.places.entries())
          for (const event of places.keys()) world.add([{ log: at, event }], false);
        world.pass(bounds, { forget: true, lost: false });
        world.check();
        expect(world.names.map((name) => firstOf(world.tracking.watermark[name]) - 1)).toEqual(
          logs.map(({ events }) => events.length),
        );
        for (let left = world.receipts.length; left > 0; left = world.receipts.length) {
          world.pass(bounds, { forget: true, lost: false });
          expect(world.receipts.length).toBeLessThan(left);
        }
      },
    ),
    { numRuns: Number(process.env['BANYAN_RUNS'] ?? 500) },
  );
});

test('what was healed counts once, and once as late when the bus brought it before or after', () => {
  fc.assert(
    fc.property(log, fc.array(step, { maxLength: 20 }), (one, steps) => {
      const world = new World([one]);
      const bounds = { healed: 1000, removed: 1000 };
      const brought = new Set<string>();
      const healed = new Set<string>();
      for (const { add, healed: isHealed, ...what } of steps) {
        const isDone = (place: EventPlace): boolean =>
          coversCursor(world.tracking.watermark['log0'], place) ||
          world.tracking.done['log0']?.some(
            ({ from, to }) => from <= place.position && place.position <= to,
          ) === true;
        const all = world.places[0] ?? [];
        for (const { log: of, event } of add) {
          const place = all[event % Math.max(1, all.length)];
          if (of !== 0 || !place) continue;
          if (!isHealed) brought.add(nameOf('log0', place));
          else if (!isDone(place)) healed.add(nameOf('log0', place));
        }
        world.add(add, isHealed);
        world.pass(bounds, what);
      }
      for (const [event, place] of (world.places[0] ?? []).entries()) {
        if (!world.receipted.has(nameOf('log0', place))) {
          world.add([{ log: 0, event }], true);
          healed.add(nameOf('log0', place));
        }
      }
      for (let round = 0; round < 3; round += 1) world.pass(bounds, { forget: true, lost: false });
      const { floor } = one;
      const counted = [...(world.places[0] ?? [])]
        .filter((place) => !coversCursor(floor, place))
        .map((place) => nameOf('log0', place))
        .filter((name) => healed.has(name));
      expect(world.tracking.figures).toEqual({
        healed: counted.length,
        late: counted.filter((name) => brought.has(name)).length,
      });
    }),
    { numRuns: Number(process.env['BANYAN_RUNS'] ?? 500) },
  );
});
