import { describe, expect, test } from '@jest/globals';
import { eventsOfLine, type DomainEvent } from 'banyan/events';
import { canonicalJson, type JsonObject } from 'banyan/runtime';
import fc from 'fast-check';
import { decodeState, encodeState } from './item-codec.ts';
import { at } from './testing/examples.ts';
import type { Base, Document, ItemState } from './view-store.ts';

const orderKey = fc.nat(1_000_000).map(at);
const document = fc.dictionary(
  fc.string({ unit: 'binary' }),
  fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.constant(null)),
) as fc.Arbitrary<JsonObject>;
const log = fc.record({
  source: fc.constantFrom('shop', 'crm', 'a:b'),
  translation: fc.constantFrom('orders', 'b@1'),
  version: fc.integer({ min: 1, max: 12 }),
});
const stored = fc.record({ type: fc.constantFrom('T', 'OrderPlaced'), data: document });
/** Events as their log gives them. */
const line = fc
  .record({
    log,
    position: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    first: fc.nat(50),
    late: fc.boolean(),
    some: fc.array(stored, { maxLength: 3 }),
  })
  .map(({ log: ref, position, first, late, some }): DomainEvent[] => {
    const id = (offset: number): string =>
      `${ref.source}:${ref.translation}@${ref.version}:${position}:${first + offset}`;
    const events = some.map((one, offset) => ({ id: id(offset), ...one }));
    const { logTime } = at(position % 1000);
    const committedAt = late ? at(3).logTime : logTime;
    return eventsOfLine(ref, { kind: 'events', position, first, logTime, committedAt, events });
  });
const window = fc.array(line, { maxLength: 4 }).map((lines) => lines.flat());
const stuck = fc.record({
  eventId: fc.string(),
  code: fc.string(),
  message: fc.string({ unit: 'binary' }),
});

const cause = fc.oneof(
  fc.constant({ kind: 'window' as const }),
  stuck.map((one) => ({ kind: 'parked' as const, ...one })),
);
const kept = fc.record({ since: fc.maxSafeNat(), events: window });

/** A state and the item's document, which is often its base's. */
const made = fc
  .record({
    own: document,
    other: document,
    hasOwn: fc.boolean(),
    from: fc.constantFrom('own', 'other', 'none'),
  })
  .chain(({ own, other, hasOwn, from }) => {
    const documents: Record<string, Document | undefined> = { own, other };
    const base = fc
      .option(orderKey, { nil: undefined })
      .map((key): Base => ({ document: documents[from], at: key }));
    const state: fc.Arbitrary<ItemState> = fc.oneof(
      fc.record({ kind: fc.constant('settled' as const), at: orderKey }),
      fc.record({ kind: fc.constant('removed' as const), at: orderKey }),
      fc.record({ kind: fc.constant('open' as const), base, window }),
      fc.record({ kind: fc.constant('open' as const), base, window, doubt: stuck }),
      fc.record({ kind: fc.constant('behind' as const), base, cause }),
      fc.record({ kind: fc.constant('behind' as const), base, cause, kept }),
    );
    return state.map((one) => ({ state: one, document: hasOwn ? own : undefined }));
  });

/** Through the stored form, the item's document beside it. */
function through(state: ItemState, own: Document | undefined): ItemState {
  return decodeState(JSON.parse(JSON.stringify(encodeState(state, own))), own);
}

describe('the state of an item', () => {
  test('comes back from its JSON', () => {
    fc.assert(
      fc.property(made, ({ state, document: own }) => {
        expect(canonicalJson(through(state, own))).toBe(canonicalJson(state));
      }),
    );
  });

  test('gives the events of its window the bytes that their log gives them', () => {
    fc.assert(
      fc.property(window, (events) => {
        const state: ItemState = {
          kind: 'open',
          base: { document: undefined, at: undefined },
          window: events,
        };
        const back = through(state, undefined);
        expect(back.kind === 'open' && back.window.map((event) => JSON.stringify(event))).toEqual(
          events.map((event) => JSON.stringify(event)),
        );
      }),
    );
  });

  test("holds the document of a base once, when it is the item's too", () => {
    const own = { text: 'x'.repeat(1000) };
    const base = { document: own, at: at(1) };
    const parked = { kind: 'parked', eventId: 'e', code: 'C', message: 'm' } as const;
    const states: ItemState[] = [
      { kind: 'open', base, window: [] },
      { kind: 'behind', base, cause: parked },
    ];
    for (const state of states) {
      expect(JSON.stringify(encodeState(state, own)).length).toBeLessThan(100);
      const back = through(state, own);
      expect((back.kind === 'open' || back.kind === 'behind') && back.base.document).toBe(own);
      // Another document that looks alike is not taken for it.
      expect(canonicalJson(through(state, { ...own, n: 1 }))).toBe(canonicalJson(state));
    }
  });

  test('costs a settled item its order key and little more', () => {
    expect(JSON.stringify(encodeState({ kind: 'settled', at: at(12) }, undefined))).toBe(
      '["s","2026-03-01T00:00:12.000000Z","shop",12,"orders",0]',
    );
  });

  test('costs little more than the data of the events in a window', () => {
    const events = Array.from({ length: 10 }, (_, n) => ({
      id: `shop:orders@1:5:${n}`,
      type: 'OrderPaid',
      data: {},
    }));
    const { logTime } = at(5);
    const ref = { source: 'shop', translation: 'orders', version: 1 };
    const full = eventsOfLine(ref, {
      kind: 'events',
      position: 5,
      first: 0,
      logTime,
      committedAt: logTime,
      events,
    });
    const state: ItemState = { kind: 'open', base: { document: undefined, at: at(4) }, window: full };
    expect(JSON.stringify(full).length / 10).toBeGreaterThan(300);
    expect(JSON.stringify(encodeState(state, undefined)).length / 10).toBeLessThan(70);
  });

  test('of a later Banyan is not guessed at', () => {
    expect(() => decodeState(['x'], undefined)).toThrow(expect.objectContaining({ code: 'ITEM_UNREADABLE' }));
  });
});
