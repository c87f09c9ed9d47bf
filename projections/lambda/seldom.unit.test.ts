import { expect, test } from '@jest/globals';
import { Seldom } from './seldom.ts';

test('the first is said, then how many came within a while; another thing at once', () => {
  let now = 0;
  const seldom = new Seldom({ now: () => now }, 60_000);
  expect(seldom.due('e1', 10)).toBe(10);
  now = 59_999;
  expect(seldom.due('e1', 5)).toBeUndefined();
  expect(seldom.due('e1', 7)).toBeUndefined();
  now = 60_000;
  expect(seldom.due('e1', 1)).toBe(13);
  expect(seldom.due('e1', 2)).toBeUndefined();
  expect(seldom.due('e2', 3)).toBe(3);
});
