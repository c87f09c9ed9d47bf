import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeSort, escapeText, unescapeText } from './index-key.ts';

const numRuns = process.env['BANYAN_LONG'] ? 100_000 : 1000;
/** Text of any code units, halves of surrogate pairs included, dense around the borders of the escape. */
const unit = fc.oneof(
  fc.constantFrom(
    0,
    1,
    2,
    3,
    0xff,
    0x100,
    0x2900,
    0xd7fe,
    0xd7ff,
    0xd800,
    0xdbff,
    0xdc00,
    0xdfff,
    0xe000,
    0xffff,
  ),
  fc.nat(0xffff),
);
const text = fc.array(unit, { maxLength: 6 }).map((units) => String.fromCharCode(...units));
const number = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.constantFrom(0, -0, 5e-324, -5e-324, Infinity, -Infinity),
);
const value = fc.oneof(fc.constant(undefined), number, text);

const sign = (one: string | number, other: string | number): number =>
  one === other ? 0 : one < other ? -1 : 1;
const rank = (one: unknown): number => ['undefined', 'number', 'string'].indexOf(typeof one);
const bytes = (one: string, other: string): number =>
  Math.sign(Buffer.compare(Buffer.from(one), Buffer.from(other)));

test('the order of the texts is the order of the values, by code unit and by UTF-8 byte', () => {
  fc.assert(
    fc.property(value, value, (one, other) => {
      const expected = Math.sign(rank(one) - rank(other)) || sign(one ?? '', other ?? '');
      expect(sign(encodeSort(one), encodeSort(other))).toBe(expected);
      expect(bytes(encodeSort(one), encodeSort(other))).toBe(expected);
    }),
    { numRuns },
  );
});

test('any text comes back, and is well-formed without U+0000 meanwhile', () => {
  fc.assert(
    fc.property(text, (one) => {
      const escaped = escapeText(one);
      expect(unescapeText(escaped)).toBe(one);
      expect(/\0|\p{Surrogate}/u.test(escaped)).toBe(false);
    }),
    { numRuns },
  );
});

test('usual text is stored as it is', () => {
  for (const usual of ['', 'order-1', 'Straße', '注文', '\n\t']) expect(escapeText(usual)).toBe(usual);
});

test('zero has one text, NaN none', () => {
  expect(encodeSort(-0)).toBe(encodeSort(0));
  expect(() => encodeSort(NaN)).toThrow(expect.objectContaining({ code: 'INDEX_VALUE_INVALID' }));
});
