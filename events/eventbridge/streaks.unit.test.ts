import { expect, test } from '@jest/globals';
import { createStreaks, isToTell } from './streaks.ts';

test('failures count in a row, each name by itself', () => {
  const streaks = createStreaks();
  expect([streaks.failed('a'), streaks.failed('a'), streaks.failed('b')]).toEqual([1, 2, 1]);
  streaks.passed('a');
  expect([streaks.failed('a'), streaks.failed('b')]).toEqual([1, 2]);
});

test('the first is told, and each that makes it twice as many', () => {
  const times = Array.from({ length: 20 }, (_, at) => at + 1);
  expect(times.filter(isToTell)).toEqual([1, 2, 4, 8, 16]);
});
