import { expect, test } from '@jest/globals';
import type { Comparison } from 'banyan/replay';
import { comparisonText } from './comparison-text.ts';

const comparison: Comparison = {
  ...{ projection: 'order', live: 1, next: 2, liveBundle: 'b1', nextBundle: 'b2' },
  documents: { added: 0, removed: 0, changed: 0, unchanged: 9 },
  ...{ fields: [], fieldsLeftOut: 0, added: [], removed: [] },
  unexplained: { count: 0, listed: [] },
  parked: { live: 0, next: 0, freed: 0, added: 0, listed: [] },
  ...{ expectation: 'no difference', unsettled: 0, progress: { live: {}, next: {} } },
  ...{ comparedAt: '2026-03-01T00:00:00.000Z', seconds: 1 },
};

test('where nothing is parked nothing is said of it', () => {
  const told = comparisonText(comparison);
  expect(told).not.toMatch(/arked/);
  expect(told).toContain('Next: banyan replay promote order');
});

test('what is freed and what is newly parked is told; the latter is not promoted', () => {
  const listed = [{ key: 'o7', eventId: 'shop:orders@1:7:0', code: 'HANDLER_THREW', message: 'no\nway' }];
  const told = comparisonText({
    ...comparison,
    parked: { live: 3, next: 2, freed: 2, added: 1, listed },
  });
  expect(told).toContain(`Parked: 3 keys in the live generation, 2 in generation 2
  2 are freed; their differences need no declaration
  1 key is parked that the live one could apply; it is not promoted but by --force:
    o7  at shop:orders@1:7:0  HANDLER_THREW: no way
`);
  expect(told).not.toContain('banyan replay promote');
});
