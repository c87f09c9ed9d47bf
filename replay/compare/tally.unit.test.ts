import { describe, expect, test } from '@jest/globals';
import type { Document } from 'banyan/projections';
import type { Expectation } from './expectation.ts';
import { settled } from '../../projections/testing/examples.ts';
import { parked, troubledItem } from '../../projections/testing/unsettled-items.ts';
import { createParkedTally } from './parked-tally.ts';
import { createTally } from './tally.ts';

const before: Document = { total: '10', lines: [{ unitPrice: '5' }, { unitPrice: '5' }], note: 'x' };
const limits = { sampleSize: 2, listed: 3 };

/** Which of the changes the declaration leaves unexplained. */
function unexplained(
  expectation: Expectation | undefined,
  ...pairs: [Document | undefined, Document | undefined][]
) {
  const tally = createTally(expectation, limits);
  pairs.forEach(([one, other], at) => tally.add({ key: `k${at}`, before: one, after: other }, true));
  const { listed, count } = tally.result().unexplained;
  expect(count).toBe(listed.length);
  return listed.map(({ key, kind, fields }) => [key, kind, ...fields]);
}

const price: Document = { ...before, lines: [{ unitPrice: '4' }, { unitPrice: '4' }] };
const total: Document = { ...before, total: '9' };

describe('a declaration', () => {
  test('of none explains nothing, and equal documents need no explanation', () => {
    expect(
      unexplained(undefined, [before, before], [before, total], [undefined, before], [before, undefined]),
    ).toEqual([
      ['k1', 'changed', 'total'],
      ['k2', 'added'],
      ['k3', 'removed'],
    ]);
  });

  test('of fields explains these and what is under them, not what merely begins alike', () => {
    const fields = (...names: string[]): Expectation => ({ kind: 'fields', fields: names });
    expect(unexplained(fields('lines[].unitPrice'), [before, price])).toEqual([]);
    expect(unexplained(fields('lines'), [before, price])).toEqual([]);
    expect(unexplained(fields('line', 'lines[].unit'), [before, price])).toEqual([
      ['k0', 'changed', 'lines[].unitPrice'],
    ]);
    expect(unexplained(fields('total'), [before, total], [before, { ...total, note: 'y' }])).toEqual([
      ['k1', 'changed', 'total', 'note'],
    ]);
    expect(unexplained(fields('lines[]'), [before, { ...before, lines: [] }])).toEqual([]);
  });

  test('of fields explains added and removed documents only when it says so', () => {
    const both = [
      [undefined, before],
      [before, undefined],
    ] as [Document | undefined, Document | undefined][];
    expect(unexplained({ kind: 'fields', fields: [], added: true }, ...both)).toEqual([['k1', 'removed']]);
    expect(unexplained({ kind: 'fields', fields: [], removed: true }, ...both)).toEqual([['k0', 'added']]);
  });

  test('by a predicate is asked with both documents', () => {
    const asked: unknown[] = [];
    const explains = (difference: unknown): boolean => asked.push(difference) === 1;
    expect(
      unexplained({ kind: 'predicate', explains }, [before, total], [before, before], [before, undefined]),
    ).toEqual([['k2', 'removed']]);
    expect(asked).toEqual([
      { key: 'k0', before, after: total },
      { key: 'k2', before, after: undefined },
    ]);
  });

  test('by a predicate that fails names the key', () => {
    const broken =
      (explains: () => unknown): (() => unknown) =>
      () =>
        unexplained({ kind: 'predicate', explains: explains as () => boolean }, [before, total]);
    const failed = expect.objectContaining({ code: 'EXPECTATION_FAILED', details: { key: 'k0' } });
    expect(broken(() => 'yes')).toThrow(failed);
    expect(
      broken(() => {
        throw new Error('x');
      }),
    ).toThrow(failed);
  });
});

describe('the counts', () => {
  test('are whole, the samples bounded', () => {
    const tally = createTally(undefined, limits);
    for (let n = 0; n < 10; n += 1)
      tally.add({ key: `c${n}`, before, after: { ...total, note: `n${n}` } }, true);
    for (let n = 0; n < 5; n += 1) tally.add({ key: `a${n}`, before: undefined, after: before }, n > 0);
    tally.add({ key: 'gone', before: undefined, after: undefined }, true);
    const { documents, fields, added, removed, unexplained: left, unsettled } = tally.result();
    expect(documents).toEqual({ added: 5, removed: 0, changed: 10, unchanged: 0 });
    expect(fields).toEqual([
      {
        path: 'note',
        changed: 10,
        samples: [
          { key: 'c0', before: 'x', after: 'n0' },
          { key: 'c1', before: 'x', after: 'n1' },
        ],
      },
      {
        path: 'total',
        changed: 10,
        samples: [
          { key: 'c0', before: '10', after: '9' },
          { key: 'c1', before: '10', after: '9' },
        ],
      },
    ]);
    expect(added.map(({ key }) => key)).toEqual(['a0', 'a1']);
    expect(removed).toEqual([]);
    expect([left.count, left.listed.length, unsettled]).toEqual([15, 3, 1]);
  });

  test('leave nothing to explain where a key was freed', () => {
    const tally = createTally({ kind: 'fields', fields: ['note'] }, limits);
    tally.add({ key: 'a', before, after: total }, true, true);
    tally.add({ key: 'b', before: undefined, after: total }, true, true);
    tally.add({ key: 'c', before, after: total }, true, false);
    const { documents, unexplained: left } = tally.result();
    expect(documents).toMatchObject({ added: 1, changed: 2 });
    expect(left).toMatchObject({ count: 1, listed: [{ key: 'c' }] });
  });

  test('of parked keys are of either side, of both, and of those that are new', () => {
    const tally = createParkedTally(1);
    const freed = [
      [parked('a', 1), settled('a', 1)],
      [parked('b', 1), parked('b', 2)],
      [parked('c', 1), undefined],
      [undefined, parked('d', 4)],
      [settled('e', 1), parked('e', 5)],
      [settled('f', 1), troubledItem('f', 1, 'window')],
    ] as const;
    expect(freed.map(([live, next]) => tally.add(live, next))).toEqual([
      true,
      false,
      true,
      false,
      false,
      false,
    ]);
    expect(tally.result()).toEqual({
      ...{ live: 3, next: 3, freed: 2, added: 2 },
      listed: [
        { key: 'd', eventId: 'shop:orders@1:5:0', code: 'HANDLER_THREW', message: expect.any(String) },
      ],
    });
  });

  test('of fields whose names are data stay bounded too, and large values are cut', () => {
    const tally = createTally(undefined, limits);
    for (let n = 0; n < 500; n += 1)
      tally.add({ key: `k${n}`, before: {}, after: { [`field${n}`]: 'x'.repeat(5000) } }, true);
    const { fields, fieldsLeftOut } = tally.result();
    expect([fields.length, fieldsLeftOut]).toEqual([200, 300]);
    expect(JSON.stringify(fields[0]).length).toBeLessThan(2200);
  });
});
