import { expect, test } from '@jest/globals';
import type { DomainEvent, OrderKey } from 'banyan/events';
import fc from 'fast-check';
import { itemSize } from '../item-size.ts';
import { checkWrites } from '../item-rules.ts';
import type { Item } from '../view-store.ts';
import { orderedBounds, type Bounds } from './bounds.ts';
import { converge, type Converged } from './converge.ts';
import { isTooLong, type ConvergeLimits } from './limits.ts';
import { actsProjection, expectedOutcome, type Calls } from './testing/acts.ts';
import { boundsWhen, histories, type Lag } from './testing/history.ts';

const numRuns = Number(
  process.env['BANYAN_RUNS'] ?? (process.env['BANYAN_LONG'] === undefined ? 1000 : 20_000),
);

/** One delivery, and what is known when it is folded. */
interface Step {
  readonly lag: Lag;
  /** How many of the deliveries come in one batch. */
  readonly size: number;
  /** Folded with what was known some steps ago. */
  readonly stale: number;
  /** An item that is behind is caught up afterwards. */
  readonly catchesUp: boolean;
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    lag: fc.record({ events: fc.nat(3), isTold: fc.boolean() }),
    size: fc.integer({ min: 1, max: 6 }),
    stale: fc.nat(2),
    catchesUp: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

const limits: fc.Arbitrary<ConvergeLimits> = fc.record({
  windowEvents: fc.oneof({ weight: 3, arbitrary: fc.constant(500) }, fc.integer({ min: 1, max: 6 })),
  windowBytes: fc.oneof({ weight: 3, arbitrary: fc.constant(100_000) }, fc.integer({ min: 100, max: 900 })),
  itemBytes: fc.oneof({ weight: 2, arbitrary: fc.constant(100_000) }, fc.integer({ min: 300, max: 1500 })),
});

/** A history and the order in which it comes: as it is, or in any other, with repeats. */
const arrivals = histories.chain((history) => {
  const all = history.map((_, n) => n);
  const shuffled = fc.shuffledSubarray(all, { minLength: all.length });
  const repeats = fc.array(fc.nat(all.length - 1), { maxLength: all.length });
  return fc.record({
    history: fc.constant(history),
    order: fc.oneof(
      fc.constant(all),
      fc.tuple(repeats, shuffled).map(([some, rest]) => [...some, ...rest]),
      fc.tuple(shuffled, repeats).map(([some, rest]) => [...some, ...rest]),
    ),
  });
});

/** One key, and what its item must be, whatever came. */
class Key {
  readonly calls: Calls = new Map();
  item: Item | undefined;
  readonly #projection = actsProjection(this.calls);
  readonly #history: readonly DomainEvent[];
  readonly #limits: ConvergeLimits;
  readonly #arrived = new Set<string>();
  readonly #known: Bounds[] = [];

  constructor(history: readonly DomainEvent[], given: ConvergeLimits) {
    this.#history = history;
    this.#limits = given;
  }

  /** Folds what came, as a projector does; what is known may be old. */
  take(events: readonly DomainEvent[], bounds: Bounds): Converged {
    const result = converge(this.#projection, 'k', this.item, events, bounds, this.#limits);
    if (result.kind === 'changed') {
      checkWrites({ projection: 'acts', number: 1 }, [{ ...result, expected: this.item?.revision }]);
      this.item = result.item;
      const first = (this.item.document?.['ids'] as readonly string[] | undefined)?.[0];
      expect(result.indexEntries.map(({ partition }) => partition)).toEqual(
        first === undefined ? [] : [first],
      );
    }
    for (const { id } of events) this.#arrived.add(id);
    return result;
  }

  /** What the tracker knows now. */
  known(lag: Lag): Bounds {
    const bounds = boundsWhen(this.#history, ({ id }) => this.#arrived.has(id), lag);
    this.#known.push(bounds);
    return bounds;
  }

  /** What it knew some times ago. */
  formerly(times: number): Bounds {
    return this.#known.at(-1 - times) ?? boundsWhen(this.#history, () => false, { events: 0, isTold: false });
  }

  /** As a catch-up does: folds all that the logs hold behind the base. */
  catchUp(): void {
    if (this.item?.state.kind !== 'behind' || this.item.state.cause.kind !== 'window') return;
    const { base } = this.item.state;
    const { document, ...item } = this.item;
    const from = base.document ?? document;
    this.item = {
      ...item,
      ...(base.document && from && { document: from }),
      state: { kind: 'open', base, window: [] },
    };
    this.take(this.#history, { isCovered: () => false, isSettled: () => true, nothingBefore: undefined });
  }

  /** Whatever happened: base, window and document fit each other, and nothing is held that is too much. */
  check(): void {
    if (!this.item) return;
    const { state, document } = this.item;
    if (state.kind === 'settled' || state.kind === 'removed') {
      expect(this.#upTo(state.at).stuck).toBeUndefined();
      expect(document).toEqual(this.#upTo(state.at).document);
      return;
    }
    const base = this.#upTo(state.base.at);
    expect(base.stuck).toBeUndefined();
    expect(state.base.document).toEqual(base.document);
    if (state.kind === 'behind' && state.cause.kind === 'parked') {
      const { eventId, code } = state.cause;
      expect({ eventId, code }).toEqual(this.#outcome(this.#history).stuck);
      expect(document).toBe(state.base.document);
    }
    if (state.kind !== 'open') return;
    const places = this.#history.indexOf(this.#at(state.base.at));
    const held = this.#history.filter((event) => state.window.includes(event));
    expect(state.window).toEqual(held);
    const shown = this.#outcome([...this.#history.slice(0, places + 1), ...held]);
    expect(document).toEqual(shown.document);
    expect(state.doubt && { eventId: state.doubt.eventId, code: state.doubt.code }).toEqual(shown.stuck);
    expect(isTooLong(state.window, this.#limits)).toBe(false);
    expect(itemSize({ document, state })).toBeLessThanOrEqual(this.#limits.itemBytes ?? Infinity);
  }

  /** In the end: the fold in order, or parked where that stops. */
  checkEnd(): void {
    const { document, stuck } = this.#outcome(this.#history);
    expect(this.item?.document).toEqual(document);
    const state = this.item?.state;
    if (stuck) expect(state).toMatchObject({ kind: 'behind', cause: { kind: 'parked', ...stuck } });
    else expect(state?.kind ?? 'removed').toBe(document === undefined ? 'removed' : 'settled');
  }

  #outcome(events: readonly DomainEvent[]): ReturnType<typeof expectedOutcome> {
    return expectedOutcome(events, this.#limits.itemBytes);
  }

  #upTo(at: OrderKey | undefined): ReturnType<typeof expectedOutcome> {
    return this.#outcome(this.#history.slice(0, this.#history.indexOf(this.#at(at)) + 1));
  }

  /** The last event of the history at or before a place; the first that is not there, where there is none. */
  #at(at: OrderKey | undefined): DomainEvent {
    const isAfter = (event: DomainEvent): boolean => {
      if (!at) return true;
      if (event.logTime !== at.logTime) return event.logTime > at.logTime;
      if (event.source !== at.source) return event.source > at.source;
      return event.position === at.position ? event.index > at.index : event.position > at.position;
    };
    return this.#history.filter((event) => !isAfter(event)).at(-1) as DomainEvent;
  }
}

/** Brings a part of what comes, and checks the item with each step. */
function bring(key: Key, coming: readonly DomainEvent[], script: readonly Step[]): void {
  let at = 0;
  for (let n = 0; at < coming.length; n += 1) {
    const { lag, size, stale, catchesUp } = script[n % script.length] as Step;
    const batch = coming.slice(at, at + size);
    at += size;
    const bounds = stale > 0 ? key.formerly(stale) : key.known(lag);
    key.take(batch, bounds);
    key.check();
    expect(key.take(batch, bounds)).toEqual({ kind: 'unchanged' });
    // What the tracker looks after.
    if (catchesUp) {
      key.take([], key.known(lag));
      key.check();
      key.catchUp();
      key.check();
    }
  }
}

test('however the events of a key come, its item ends as the fold in order (G3), parked where that stops (G9)', () => {
  fc.assert(
    fc.property(arrivals, steps, limits, ({ history, order }, script, given) => {
      const key = new Key(history, given);
      bring(
        key,
        order.map((n) => history[n] as DomainEvent),
        script,
      );
      key.take([], key.known({ events: 0, isTold: true }));
      key.check();
      key.catchUp();
      key.checkEnd();
    }),
    { numRuns },
  );
});

test('an ordered bus goes on with what an unordered one left', () => {
  const ordered = fc.record({ skipped: fc.nat(), batch: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(arrivals, steps, limits, ordered, ({ history, order }, script, given, { skipped, batch }) => {
      const key = new Key(history, given);
      const some = order.slice(0, skipped % (order.length + 1)).map((n) => history[n] as DomainEvent);
      bring(key, some, script);
      // The bus has delivered what the watermark covers, and whatever else comes first with that.
      const known = key.known({ events: 0, isTold: false });
      let delivered = history.findIndex((event) => !known.isSettled(event));
      if (delivered === -1) delivered = history.length;
      // An item that is behind, or in doubt, is mended when such a projector starts.
      key.take([], known);
      for (; delivered < history.length; delivered += batch) {
        const fresh = history.slice(delivered, delivered + batch);
        key.take(fresh, orderedBounds(fresh));
        key.check();
      }
      key.take([], key.known({ events: 0, isTold: true }));
      key.catchUp();
      key.checkEnd();
    }),
    { numRuns },
  );
});

test('in order an event is folded twice at most, and once when nothing can overtake it', () => {
  fc.assert(
    fc.property(histories, steps, (history, script) => {
      const key = new Key(history, { windowEvents: 500, windowBytes: 100_000 });
      let at = 0;
      for (let n = 0; at < history.length; n += 1) {
        const { lag, size } = script[n % script.length] as Step;
        key.take(history.slice(at, at + size), key.known(lag));
        at += size;
      }
      if (expectedOutcome(history).stuck) return;
      expect(Math.max(...key.calls.values())).toBeLessThanOrEqual(2);
      const plain = new Key(history, { windowEvents: 500, windowBytes: 100_000 });
      for (const event of history) plain.take([event], orderedBounds([event]));
      expect([...plain.calls.values()].every((times) => times === 1)).toBe(true);
      expect(['settled', 'removed', undefined]).toContain(plain.item?.state.kind);
    }),
    { numRuns },
  );
});
