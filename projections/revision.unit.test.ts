import { expect, test } from '@jest/globals';
import { nextRevision } from './revision.ts';

test('a new item begins at the log time in microseconds, another goes on', () => {
  expect(nextRevision(undefined, '2026-03-01T00:00:00.123456Z')).toBe(Date.UTC(2026, 2, 1) * 1000 + 123_456);
  expect(nextRevision(undefined, '2026-03-01T00:00:00.1234Z')).toBe(Date.UTC(2026, 2, 1) * 1000 + 123_400);
  expect(nextRevision(undefined, '2026-03-01T00:00:00Z')).toBe(Date.UTC(2026, 2, 1) * 1000);
  expect(nextRevision(41, '2026-03-01T00:00:00Z')).toBe(42);
});

test('a key that is written often, removed, purged and made again gets no revision twice', () => {
  const first = nextRevision(undefined, '2026-03-01T00:00:00.000000Z');
  let last = first;
  for (let write = 0; write < 1000; write += 1) last = nextRevision(last, '2026-03-01T00:00:00.000000Z');
  expect(nextRevision(undefined, '2026-03-01T00:00:01.000000Z')).toBeGreaterThan(last);
});

test('revisions are exact for centuries, and a log time must be one', () => {
  expect(Number.isSafeInteger(nextRevision(undefined, '2250-01-01T00:00:00.999999Z'))).toBe(true);
  expect(nextRevision(undefined, '1960-01-01T00:00:00Z')).toBe(1);
  expect(() => nextRevision(undefined, 'yesterday')).toThrow(
    expect.objectContaining({ code: 'LOG_TIME_INVALID' }),
  );
});
