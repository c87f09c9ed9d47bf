import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, maxStoreKeyBytes, type JsonValue } from 'banyan/runtime';
import {
  encodeValues,
  indexEntryKey,
  indexPrefix,
  indexValuesPrefix,
  rowKey,
  rowKeyOfEntry,
  tablePrefix,
} from './key-encoding.ts';

const numRuns = process.env['BANYAN_LONG'] ? 20_000 : 1_000;
// Few characters, so that keys collide and are prefixes of each other; half a surrogate pair among them.
const text = fc.string({
  unit: fc.constantFrom('a', 'b', '\0', '\x01', 'ÿ', '€', '😀', '\ud83d', '\ude00'),
  maxLength: 4,
});
const long = fc.tuple(fc.constantFrom(700, 860, 880, 3000), text).map(([n, end]) => `${'x'.repeat(n)}${end}`);
const value: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 1, arbitrary: long },
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -3, max: 300 }),
  fc.constantFrom(null, true, false, ['a', 1], { b: 'a', a: 'b' }),
);
const values = (n: number): fc.Arbitrary<JsonValue[]> => fc.array(value, { minLength: n, maxLength: n });
const pairs = fc.integer({ min: 1, max: 3 }).chain((n) => fc.tuple(values(n), values(n)));
const short = ([a, b]: [JsonValue[], JsonValue[]]): boolean => canonicalJson([a, b]).length < 600;

/** The order that is promised, value by value. */
function compareValues(a: JsonValue, b: JsonValue): number {
  const kind = (v: JsonValue): number =>
    v === null
      ? 0
      : v === false
        ? 1
        : v === true
          ? 2
          : typeof v === 'number'
            ? 3
            : typeof v === 'string'
              ? 4
              : 5;
  if (kind(a) !== kind(b)) return kind(a) - kind(b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'object')
    return Buffer.compare(Buffer.from(canonicalJson(a)), Buffer.from(canonicalJson(b)));
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return 0;
}

test('keys are equal exactly when table and values are', () => {
  fc.assert(
    fc.property(pairs, fc.tuple(text, text), ([a, b], [one, other]) => {
      const tables = [`s.${one.replaceAll('\0', '')}`, `s.${other.replaceAll('\0', '')}`] as const;
      const same = tables[0] === tables[1] && canonicalJson(a) === canonicalJson(b);
      const keys = [rowKey(tablePrefix(tables[0]), a), rowKey(tablePrefix(tables[1]), b)] as const;
      // A table's name with half a surrogate pair cannot be: names come from databases in UTF-8.
      fc.pre(tables.every((table) => !/\p{Surrogate}/u.test(table)));
      expect(keys[0] === keys[1]).toBe(same);
      for (const key of keys) expect(Buffer.from(key, 'latin1').toString('latin1')).toBe(key);
    }),
    { numRuns },
  );
});

test('encodings of short values are in the order of the values, one after the other', () => {
  const wellFormed = (list: JsonValue[]): boolean =>
    !list.some((v) => typeof v === 'string' && /\p{Surrogate}/u.test(v));
  fc.assert(
    fc.property(pairs.filter(short), ([a, b]) => {
      fc.pre(wellFormed(a) && wellFormed(b));
      const expected = a.map((v, at) => compareValues(v, b[at] ?? null)).find((order) => order !== 0) ?? 0;
      const [x, y] = [encodeValues(a), encodeValues(b)];
      if (expected !== 0) expect(Math.sign(expected)).toBe(x < y ? -1 : 1);
      expect(Math.sign(Buffer.compare(Buffer.from(x, 'latin1'), Buffer.from(y, 'latin1')))).toBe(
        x < y ? -1 : x > y ? 1 : 0,
      );
    }),
    { numRuns },
  );
});

test('an index entry is found by its values only, gives its row key back, and fits the store', () => {
  fc.assert(
    fc.property(pairs, values(1), ([a, b], key) => {
      const index = indexPrefix('public.orders', ['one', 'two']);
      const row = rowKey(tablePrefix('public.orders'), key);
      const entry = indexEntryKey(index, a, row);
      expect(entry.startsWith(indexValuesPrefix(index, b))).toBe(canonicalJson(a) === canonicalJson(b));
      expect(rowKeyOfEntry(entry, indexValuesPrefix(index, a))).toBe(row);
      expect(entry.length + 4).toBeLessThan(maxStoreKeyBytes);
    }),
    { numRuns },
  );
});
