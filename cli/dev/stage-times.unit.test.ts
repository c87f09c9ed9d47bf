import { expect, test } from '@jest/globals';
import { createStageTimes } from './stage-times.ts';

test('a position came through a stage with the first passing at or behind it', () => {
  let now = 0;
  const times = createStageTimes(() => ++now);
  times.passed('shop', 'logged', 3);
  times.passed('shop', 'logged', 7);
  times.passed('shop', 'translated by orders', 7);
  expect(times.of('shop', 5)).toEqual([
    { stage: 'logged', at: 2 },
    { stage: 'translated by orders', at: 3 },
  ]);
  expect(times.of('shop', 8)).toEqual([]);
  expect(times.of('other', 1)).toEqual([]);
});

test('a passing that says nothing new is forgotten, and memory is bounded', () => {
  let now = 0;
  const times = createStageTimes(() => ++now);
  for (let position = 1; position <= 50_000; position += 1) times.passed('shop', 'logged', position);
  times.passed('shop', 'logged', 10);
  expect(times.of('shop', 50_000)).toEqual([{ stage: 'logged', at: 50_000 }]);
});
