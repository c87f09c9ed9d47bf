import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EventPlace } from './ledger.ts';
import { PlaceSet } from './place-set.ts';

const place = fc.record({
  position: fc.integer({ min: 1, max: 5 }),
  index: fc.oneof(fc.nat(70), fc.constantFrom(30, 31, 32, 63, 64, 5000)),
});
const nameOf = ({ position, index }: EventPlace): string => `${position}:${index}`;

test('a set of places is a set', () => {
  fc.assert(
    fc.property(fc.array(place), fc.array(place), (added, asked) => {
      const set = new PlaceSet();
      const model = new Set<string>();
      for (const one of added) {
        expect(set.add(one)).toBe(!model.has(nameOf(one)));
        model.add(nameOf(one));
      }
      expect(set.size).toBe(model.size);
      for (const one of [...added, ...asked]) expect(set.has(one)).toBe(model.has(nameOf(one)));
      const sorted = [...set];
      expect(new Set(sorted.map(nameOf))).toEqual(model);
      expect(sorted).toEqual(
        [...sorted].sort((one, other) => one.position - other.position || one.index - other.index),
      );
    }),
  );
});
