import { expect, test } from '@jest/globals';
import { compareSides } from './compare-sides.ts';
import { createFindings } from './findings.ts';

const key = 'k';

test('only the fields that a row tells are compared, each whole', () => {
  const document = { total: '10.00', note: null, paid: { at: 'x', method: 'card' }, lines: [1, 2] };
  expect(compareSides({ key, document, told: { total: '10.00' } })).toBeUndefined();
  expect(compareSides({ key, document, told: { paid: { method: 'card', at: 'x' } } })).toBeUndefined();
  expect(
    compareSides({ key, document, told: { total: '9.00', note: null, paid: { at: 'x' }, lines: [1, 3] } }),
  ).toEqual({
    key,
    kind: 'different',
    fields: [
      { path: 'total', view: '10.00', database: '9.00' },
      { path: 'paid.method', view: 'card' },
      { path: 'lines[]', view: 2, database: 3 },
    ],
  });
});

test('a field that the document lacks, and a value of another type, differ', () => {
  expect(compareSides({ key, document: { n: 1 }, told: { n: '1', tag: null } })).toEqual({
    key,
    kind: 'different',
    fields: [
      { path: 'n', view: 1, database: '1' },
      { path: 'tag', database: null },
    ],
  });
});

test('a side that is not there', () => {
  expect(compareSides({ key, document: { n: 1 }, told: undefined })).toEqual({ key, kind: 'onlyInView' });
  expect(compareSides({ key, document: undefined, told: { n: 1 } })).toEqual({
    key,
    kind: 'onlyInDatabase',
    told: { n: 1 },
  });
});

test('a parked key is told with its event where it differs', () => {
  const parked = { eventId: 'shop:orders@1:7:0', code: 'HANDLER_THREW', message: 'no' };
  const sides = { key, document: { n: 1 }, told: { n: 2 } };
  expect(compareSides({ ...sides, parked })).toMatchObject({ key, kind: 'different', parked });
  expect(compareSides({ ...sides, document: undefined, parked })).toMatchObject({
    ...{ kind: 'onlyInDatabase', parked },
  });
  expect(compareSides({ ...sides, told: { n: 1 }, parked })).toBeUndefined();
});

test('findings count all and keep few', () => {
  const findings = createFindings(1);
  findings.add(undefined);
  for (const n of [1, 2, 3]) findings.add(compareSides({ key: String(n), document: { n }, told: { n: 0 } }));
  findings.add({ key: 'z', kind: 'onlyInView' });
  findings.addDuplicate('z', 2);
  findings.addRechecked(5);
  findings.addParked();
  expect(findings.result()).toEqual({
    documents: 5,
    equal: 1,
    different: 3,
    onlyInView: 1,
    onlyInDatabase: 0,
    duplicates: 1,
    rechecked: 5,
    parked: 1,
    fields: { n: 3 },
    differences: [{ key: '1', kind: 'different', fields: [{ path: 'n', view: 1, database: 0 }] }],
  });
});
