import { expect, test } from '@jest/globals';
import type { Pause } from '../pause.ts';
import { deadlineOf } from './deadline.ts';
import { contextOf } from './testing/messages.ts';

/** Pauses that the test ends. */
function held(): { readonly pause: Pause; readonly waits: number[]; readonly end: (at: number) => void } {
  const waits: number[] = [];
  const ends: (() => void)[] = [];
  const pause: Pause = (milliseconds, signal) =>
    new Promise((resolve) => {
      waits.push(milliseconds);
      ends.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  return { pause, waits, end: (at) => ends[at]?.() };
}

const never = new Promise<never>(() => undefined);

test('a piece has its share of the time up to the margin, and is told when that is over', async () => {
  const { pause, waits, end } = held();
  const deadline = deadlineOf({ context: contextOf(() => 25_000), marginMs: 5000, pause });
  const told = deadline.piece(
    4,
    (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('stopped'))),
  );
  expect(waits).toEqual([5000]);
  end(0);
  expect(await told).toBe('stopped');
});

test.each([
  [60_000, 59_000],
  [8000, 7000],
  [1000, 875],
  [0, 0],
])('of %d ms an answer is due after %d', async (remaining, due) => {
  const { pause, waits, end } = held();
  const deadline = deadlineOf({ context: contextOf(() => remaining), pause });
  const answer = deadline.inTime(never);
  expect(waits).toEqual([due]);
  end(0);
  expect(await answer).toEqual({ kind: 'late' });
});

test('work that ends in time is answered with what it gave, or threw', async () => {
  const deadline = deadlineOf({ context: contextOf(), pause: held().pause });
  expect(await deadline.inTime(Promise.resolve(7))).toEqual({ kind: 'ended', result: 7 });
  await expect(deadline.inTime(Promise.reject(new Error('it failed')))).rejects.toThrow('it failed');
});
