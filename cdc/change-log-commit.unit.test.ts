import { expect, test } from '@jest/globals';
import { createGroupCommit } from './change-log-commit.ts';

test('what is asked for during a run shares the next one', async () => {
  let runs = 0;
  let release = (): void => undefined;
  const run = (): Promise<void> => {
    runs += 1;
    return new Promise((resolve) => (release = resolve));
  };
  const commit = createGroupCommit(run, () => undefined);
  commit.request();
  commit.request();
  commit.request();
  expect(runs).toBe(1);
  release();
  await new Promise((resolve) => setImmediate(resolve));
  expect(runs).toBe(2);
  release();
  await commit.drained();
  expect(runs).toBe(2);
});

test('after a failure nothing runs, and everybody is told', async () => {
  const told: unknown[] = [];
  const failure = new Error('full');
  let runs = 0;
  const commit = createGroupCommit(
    () => {
      runs += 1;
      return Promise.reject(failure);
    },
    (error) => told.push(error),
  );
  commit.request();
  await expect(commit.drained()).rejects.toBe(failure);
  commit.request();
  await expect(commit.drained()).rejects.toBe(failure);
  expect([runs, told]).toEqual([1, [failure]]);
});
