import { expect, test } from '@jest/globals';
import type { OrderKey } from './domain-event.ts';
import { compareOrderKeys } from './order.ts';

test('order keys are compared by log time, source, position, translation and index, each only where those before are equal', () => {
  const at = (
    ...[second, source, position, translation, index]: [number, string, number, string, number]
  ): OrderKey => ({
    logTime: `2026-01-01T00:00:0${String(second)}.000000Z`,
    source,
    position,
    translation,
    index,
  });
  // Each follows from one field; all behind it go the other way.
  const inOrder = [
    at(1, 'b', 10, 'b', 1),
    at(2, 'Z', 10, 'b', 1),
    at(2, 'a', 9, 'b', 1),
    at(2, 'a', 10, 'a', 10),
    at(2, 'a', 10, 'b', 2),
    at(2, 'a', 10, 'b', 10),
  ];
  inOrder.forEach((one, i) => {
    inOrder.forEach((other, j) => {
      expect([i, j, Math.sign(compareOrderKeys(one, other))]).toEqual([i, j, Math.sign(i - j)]);
    });
  });
});
