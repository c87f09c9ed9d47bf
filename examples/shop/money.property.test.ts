import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { minus } from './money.ts';

const runs = { numRuns: process.env['BANYAN_LONG'] === undefined ? 200 : 20_000 };

test('a difference is exact: reckoned in cents, both ways', () => {
  const cents = fc.bigInt({ min: 0n, max: 10n ** 14n });
  const text = (amount: bigint): string => `${amount / 100n}.${String(amount % 100n).padStart(2, '0')}`;
  fc.assert(
    fc.property(cents, cents, (one, other) => {
      const [more, less] = one > other ? [one, other] : [other, one];
      expect(minus(text(more), text(less))).toBe(text(more - less));
      expect(minus(text(less), text(more))).toBe(more === less ? '0.00' : `-${text(more - less)}`);
    }),
    runs,
  );
});

test('amounts come with fewer decimals too, and nothing else passes', () => {
  expect(minus('10', '0.5')).toBe('9.50');
  expect(minus('-0.05', '0.00')).toBe('-0.05');
  expect(() => minus('1.234', '0')).toThrow('is not an amount');
  expect(() => minus('', '0')).toThrow('is not an amount');
});
