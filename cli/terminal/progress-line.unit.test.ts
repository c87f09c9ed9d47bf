import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { duration, progressLine, progressText } from './progress-line.ts';

const figures = {
  title: 'snapshot of shop',
  unit: 'rows',
  done: 1200,
  total: 4800,
  estimated: true,
  elapsedMs: 2000,
};

test('a line has a bar where there is room, and the figures in any case', () => {
  expect(progressLine(figures, 100)).toBe(
    'snapshot of shop  ███████░░░░░░░░░░░░░░░░░░░░░░  25 %  1,200 of about 4,800 rows, 600/s, 6.0 s left',
  );
  expect(progressLine(figures, 66)).toBe('snapshot of shop  1,200 of about 4,800 rows, 600/s, 6.0 s left');
  expect(progressText(figures)).toBe('snapshot of shop: 1,200 of about 4,800 rows, 600/s, 6.0 s left');
});

test('a total that is not known, or was too low, is not told', () => {
  expect(progressText({ ...figures, total: undefined })).toBe('snapshot of shop: 1,200 rows, 600/s');
  expect(progressText({ ...figures, total: 1000 })).toBe('snapshot of shop: 1,200 rows, 600/s');
  expect(progressText({ ...figures, elapsedMs: 10 })).toBe('snapshot of shop: 1,200 of about 4,800 rows');
});

test('a line never fills the terminal, whose cursor would go to the next', () => {
  const count = fc.nat({ max: 2 ** 40 });
  const any = fc.record({
    title: fc.string({ maxLength: 30 }),
    unit: fc.constant('rows'),
    done: count,
    total: fc.option(count, { nil: undefined }),
    estimated: fc.boolean(),
    elapsedMs: count,
  });
  fc.assert(
    fc.property(any, fc.integer({ min: 1, max: 300 }), (one, width) => {
      expect(progressLine(one, width).length).toBeLessThan(width);
    }),
  );
});

test('durations are for people', () => {
  expect([400, 31_200, 250_000, 7_500_000].map(duration)).toEqual([
    '0.4 s',
    '31 s',
    '4 min 10 s',
    '2 h 5 min',
  ]);
});
