import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { firstOf, type Portions } from './merge.ts';

test('the first of sorted sequences, whatever portions they come in, and no portion more than is needed', async () => {
  const sequence = fc.array(fc.array(fc.nat(50), { maxLength: 5 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.array(sequence, { maxLength: 6 }), fc.nat(40), async (given, count) => {
      let asked = 0;
      const sorted = given.map((portions) => {
        const all = portions.flat().sort((one, other) => one - other);
        return portions.map(({ length }) => all.splice(0, length));
      });
      const sequences = sorted.map((portions): Portions<number> => {
        const left = [...portions];
        return async () => {
          asked += 1;
          return left.shift();
        };
      });
      const first = await firstOf(sequences, count, (one, other) => one < other);
      const all = sorted.flat(2).sort((one, other) => one - other);
      expect(first).toEqual(all.slice(0, count));
      if (count === 0) expect(asked).toBe(0);
    }),
  );
});
