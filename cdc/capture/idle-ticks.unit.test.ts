import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Cursor } from '../change.ts';
import { idleTicks, type IdleTicks } from './idle-ticks.ts';

let ticks: IdleTicks;
let told: string[];
const cursor: Cursor = { system: '1', timeline: 1, lsn: '0/1' };
const idle = (at: string): void => {
  ticks.idle(at, cursor);
};

beforeEach(() => {
  jest.useFakeTimers();
  told = [];
  ticks = idleTicks({ now: () => Date.now() }, 1000, (at) => told.push(at));
});
afterEach(() => {
  ticks.forget();
  jest.useRealTimers();
});

test('the first is told at once, and what is too early when it is due, though the source tells nothing more', () => {
  idle('1');
  idle('2');
  idle('3');
  expect(told).toEqual(['1']);
  jest.advanceTimersByTime(999);
  expect(told).toEqual(['1']);
  jest.advanceTimersByTime(1);
  expect(told).toEqual(['1', '3']);
  jest.advanceTimersByTime(10_000);
  expect(told).toEqual(['1', '3']);
});

test('a transaction says as much, and what came before it is forgotten', () => {
  idle('1');
  idle('2');
  ticks.forget();
  ticks.logged();
  idle('3');
  jest.advanceTimersByTime(500);
  expect(told).toEqual(['1']);
  jest.advanceTimersByTime(500);
  expect(told).toEqual(['1', '3']);
});

test('a clock that is set back holds nothing', () => {
  idle('1');
  jest.setSystemTime(Date.now() - 3_600_000);
  idle('2');
  expect(told).toEqual(['1', '2']);
});
