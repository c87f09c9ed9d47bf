import { expect, test } from '@jest/globals';
import { quantile } from './bench.ts';

test('a quantile is a value of the sample', () => {
  const sample = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(quantile(sample, 0.5)).toBe(51);
  expect(quantile(sample, 0.99)).toBe(100);
  expect(quantile([7], 0.99)).toBe(7);
  expect(quantile([], 0.5)).toBe(0);
});
