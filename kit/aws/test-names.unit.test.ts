import { expect, test } from '@jest/globals';
import { newRun, runBegan, uniqueName } from './test-names.ts';

test('a run says in each of its names when it began', () => {
  const now = Date.UTC(2026, 10, 21, 12, 30, 15);
  const run = newRun(now);
  expect(runBegan(`${run}-0011aabb`)).toBe(now);
  expect(runBegan(`${run}-0011aabb-view-1-g1-00`)).toBe(now);
  for (const name of ['banyan-test-mine', 'banyan-views', `my-${run}-0011aabb`, run, ''])
    expect(runBegan(name)).toBeUndefined();
});

test('no two names are one, and all are of this run', () => {
  const names = Array.from({ length: 100 }, uniqueName);
  expect(new Set(names).size).toBe(100);
  for (const name of names) {
    expect(name.startsWith(`${String(process.env['BANYAN_TEST_RUN'])}-`)).toBe(true);
    expect(Math.abs(Date.now() - (runBegan(name) ?? 0))).toBeLessThan(24 * 3600 * 1000);
  }
});
