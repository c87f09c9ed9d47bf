import { expect, test } from '@jest/globals';
import { exampleGeneration } from '../../projections/testing/examples.ts';
import type { HistoryEntry } from '../history/entry.ts';
import { basisOf, type Known } from './basis.ts';

/** That generation 2 was built: 6,000 events and 2,000 documents in 20 s. */
function finished(figures: HistoryEntry['figures'] = {}, given: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    ...{ at: '2026-03-01T00:00:00.000Z', who: 'ann@shop', action: 'finish', group: 'orders' },
    projections: [{ name: 'order', to: 2, bundle: 'b2' }],
    figures: { events: 6000, documents: 2000, seconds: 20, ...figures },
    ...given,
  };
}

function known(history: readonly HistoryEntry[], given: Partial<Known> = {}): Known {
  const generations = [1, 2].map((number) =>
    exampleGeneration({ projection: 'order', number, bundle: `b${String(number)}` }),
  );
  return {
    ...{ projection: 'order', store: {}, generations, history, unitsPerDocument: 1, writeRate: Infinity },
    ...given,
  };
}

const seen = {
  ...{ kind: 'rebuild', generation: 2, at: '2026-03-01T00:00:00.000Z', seconds: 20 },
  ...{ events: 300, documents: 100 },
};
const measured = { kind: 'measured', events: 60_000, documents: 8000 };

test('a rebuild that was seen is what the next one is judged by, the last of several', () => {
  const slower = finished({ seconds: 40 });
  expect(basisOf(known([slower, finished(), finished({}, { action: 'promote' })]))).toEqual(seen);
  expect(basisOf(known([finished()], { store: { writeUnitsPerSecond: 10 } }))).toEqual(seen);
});

test.each<[string, HistoryEntry]>([
  ['of another view', finished({}, { projections: [{ name: 'customer', to: 2, bundle: 'b2' }] })],
  [
    'of a generation that this store does not have',
    finished({}, { projections: [{ name: 'order', to: 3, bundle: 'b3' }] }),
  ],
  [
    'of another store, by its bundle',
    finished({}, { projections: [{ name: 'order', to: 2, bundle: 'other' }] }),
  ],
  ['that was over at once', finished({ seconds: 9.9 })],
  ['of some keys', finished({ narrow: 0 })],
  ['whose last part is not known', finished({}, { completed: true })],
  ['without figures', { ...finished(), figures: {} }],
  ['that was not finished', finished({}, { action: 'fail' })],
])('one %s is not', (_, entry) => {
  expect(basisOf(known([entry]))).toEqual(measured);
});

test('one that was allowed less than this one is not', () => {
  const slowed = finished({ writeRate: 100 });
  expect(basisOf(known([slowed]))).toEqual(measured);
  expect(basisOf(known([slowed], { writeRate: 101 }))).toEqual(measured);
  expect(basisOf(known([slowed], { writeRate: 100 }))).toEqual(seen);
  expect(basisOf(known([finished()], { writeRate: 100 }))).toEqual(seen);
});

test('else what the store says, by the size of documents, and what was measured where it says nothing', () => {
  const store = { writeUnitsPerSecond: 4000 };
  const told = { kind: 'store', writeUnits: 4000, events: 60_000 };
  expect(basisOf(known([], { store }))).toEqual({ ...told, documents: 4000 });
  expect(basisOf(known([], { store, unitsPerDocument: 2.5 }))).toEqual({ ...told, documents: 1600 });
  const fast = { writeUnitsPerSecond: 40_000 };
  expect(basisOf(known([], { store: fast }))).toEqual({ ...told, writeUnits: 40_000, documents: 8000 });
});
