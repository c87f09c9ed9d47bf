import { expect, test } from '@jest/globals';
import { canonicalJson } from 'banyan/runtime';
import fc from 'fast-check';
import { decodeState, encodeState } from './item-codec.ts';
import { exampleEvent } from './testing/counters.ts';
import { at } from './testing/examples.ts';
import type { ItemState } from './view-store.ts';

const orderKey = fc.nat(1_000_000).map(at);
const document = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.constant(null)));
const base = fc.record({
  document: fc.option(document, { nil: undefined }),
  at: fc.option(orderKey, { nil: undefined }),
});
const window = fc.array(
  fc.nat(1000).chain((n) => document.map((data) => exampleEvent(n, 'T', data))),
  { maxLength: 3 },
);
const parked = fc.record({
  kind: fc.constant('parked' as const),
  eventId: fc.string(),
  code: fc.string(),
  message: fc.string(),
});
const state: fc.Arbitrary<ItemState> = fc.oneof(
  fc.record({ kind: fc.constant('settled' as const), at: orderKey }),
  fc.record({ kind: fc.constant('removed' as const), at: orderKey }),
  fc.record({ kind: fc.constant('open' as const), base, window }),
  fc.record({
    kind: fc.constant('behind' as const),
    base,
    cause: fc.oneof(fc.constant({ kind: 'window' as const }), parked),
  }),
);

test('any state comes back from its JSON', () => {
  fc.assert(
    fc.property(state, (one) => {
      const decoded = decodeState(JSON.parse(JSON.stringify(encodeState(one, undefined))), undefined);
      expect(canonicalJson(decoded)).toBe(canonicalJson(one));
    }),
  );
});

test('a settled item costs its order key and little more', () => {
  expect(JSON.stringify(encodeState({ kind: 'settled', at: at(12) }, undefined))).toBe(
    '["s","2026-03-01T00:00:12.000000Z","shop",12,"orders",0]',
  );
});

test('a state of a later Banyan is not guessed at', () => {
  expect(() => decodeState(['x'], undefined)).toThrow(expect.objectContaining({ code: 'ITEM_UNREADABLE' }));
});
