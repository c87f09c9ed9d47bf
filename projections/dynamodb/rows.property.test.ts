import { expect, test } from '@jest/globals';
import { canonicalJson } from 'banyan/runtime';
import fc from 'fast-check';
import { encodeSort } from '../index-key.ts';
import { exampleGeneration, settled, write } from '../testing/examples.ts';
import { troubledItem } from '../testing/unsettled-items.ts';
import { itemOf, placesBetween, placeText, rowOf, sortOf } from './rows.ts';

const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 4 });
const sort = fc
  .option(fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.double({ noNaN: true })), {
    nil: undefined,
  })
  .map(encodeSort);
const place = fc.tuple(sort, key);

/** As DynamoDB compares. */
const byBytes = (one: string, other: string): number =>
  Math.sign(Buffer.compare(Buffer.from(one), Buffer.from(other)));
const byUnits = (one: string, other: string): number => Number(one > other) - Number(one < other);

test('places are ordered by sort, then by key, and tell their sort', () => {
  fc.assert(
    fc.property(place, place, ([sortA, keyA], [sortB, keyB]) => {
      const expected = byUnits(sortA, sortB) || byUnits(keyA, keyB);
      expect(byBytes(placeText(sortA, keyA), placeText(sortB, keyB))).toBe(expected);
      expect(sortOf(placeText(sortA, keyA))).toBe(sortA);
    }),
  );
});

test('bounds hold exactly the places between them, both inclusive', () => {
  fc.assert(
    fc.property(place, sort, sort, ([at, of], from, to) => {
      const { least = '', greatest } = placesBetween(from, to);
      const text = placeText(at, of);
      const isWithin = byBytes(text, least) >= 0 && byBytes(text, greatest ?? '') <= 0;
      expect(isWithin).toBe(byUnits(at, from) >= 0 && byUnits(at, to) <= 0);
    }),
  );
});

test('a place fits a sort key, and is cut between characters', () => {
  fc.assert(
    fc.property(fc.integer({ min: 300, max: 500 }), fc.integer({ min: 1, max: 333 }), (at, of) => {
      const text = placeText('s'.repeat(at), '水'.repeat(of) + 'é'.repeat(of));
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024);
      expect(text).not.toContain('\ufffd');
    }),
  );
});

test('an item comes back from its row; what is in no index has no attributes of one', () => {
  const generation = exampleGeneration();
  const plain = settled('a', 7, { text: 'é' });
  const row = rowOf(generation, 32, write(plain), 'token');
  expect(Object.keys(row).sort()).toEqual(['d', 'k', 'p', 'r', 's', 'w']);
  expect(itemOf(row)).toEqual(plain);
  const parked = troubledItem('b', 1, 'parked');
  const other = rowOf(generation, 32, write(parked, undefined, { group: '' }), 'token');
  expect(Object.keys(other).sort()).toEqual(['0p', '0s', 'a', 'b', 'd', 'k', 'p', 'r', 's', 'w']);
  expect(canonicalJson(itemOf(other))).toBe(canonicalJson(parked));
  expect(() => itemOf({ k: { S: 'a' } })).toThrow(expect.objectContaining({ code: 'ITEM_UNREADABLE' }));
});
