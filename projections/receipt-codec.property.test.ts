import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodePlaces, encodePlaces } from './receipt-codec.ts';

const place = fc.record({
  position: fc.oneof(fc.nat(100), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
  index: fc.nat(1000),
});

test('the places of a receipt come back in their order, repeats too', () => {
  fc.assert(
    fc.property(fc.array(place), (places) => {
      expect(decodePlaces(JSON.parse(JSON.stringify(encodePlaces(places))) as number[])).toEqual(places);
    }),
  );
});

test('places that follow each other cost four bytes each, however far the log has come', () => {
  const places = Array.from({ length: 100 }, (_, n) => ({ position: 9_000_000_000 + n, index: 0 }));
  expect(JSON.stringify(encodePlaces(places)).length).toBeLessThan(420);
});
