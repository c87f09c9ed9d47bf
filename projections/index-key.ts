import { BanyanError } from 'banyan/runtime';

/*
 * Stores compare text by different rules: JavaScript by UTF-16 code unit, Postgres (collation "C") and DynamoDB by
 * UTF-8 byte, which puts an emoji after U+FFFF instead of before U+E000. And Postgres holds neither U+0000 nor a
 * surrogate without its partner. The escape below makes one order of the three and loses nothing: its output has
 * code units from U+0002 to U+D7FF only, where both rules agree; usual text stays as it is.
 */
const low = '\u0001';
const high = '\uD7FF';
/** Where the numbers behind `high` begin: well within the range that both rules order alike. */
const shift = 0x100;

const special = /[\u0000\u0001\uD7FF-\uFFFF]/;

const everySpecial = /[\u0000\u0001\uD7FF-\uFFFF]/g;

const everyEscape = /\u0001[\u0001\u0002]|\uD7FF[\u0100-\u2900]/g;

/** Text that any store holds and orders by code unit; the identity on usual text. */
export function escapeText(text: string): string {
  return special.test(text) ? text.replace(everySpecial, escapeUnit) : text;
}

function escapeUnit(unit: string): string {
  const code = unit.charCodeAt(0);
  if (code <= 1) return low + String.fromCharCode(code + 1);
  return high + String.fromCharCode(code - 0xd7ff + shift);
}

/** The inverse of {@link escapeText}. */
export function unescapeText(escaped: string): string {
  if (!escaped.includes(low) && !escaped.includes(high)) return escaped;
  return escaped.replace(everyEscape, (pair) => {
    const code = pair.charCodeAt(1);
    return String.fromCharCode(pair.startsWith(low) ? code - 1 : code - shift + 0xd7ff);
  });
}

/** Nothing sorts first, then numbers, then text. */
const tags = { number: 'n', text: 's' } as const;

/**
 * The text of a sort value, ordered as the values are: numbers by size (-0 is 0), then texts by code unit. Absent:
 * the empty text, before all others.
 * @throws BanyanError INDEX_VALUE_INVALID for NaN
 */
export function encodeSort(value: string | number | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? tags.text + escapeText(value) : tags.number + encodeNumber(value);
}

const bits = new DataView(new ArrayBuffer(8));
const signBit = 1n << 63n;
const allBits = (1n << 64n) - 1n;

/** The bits of a double in 16 hexadecimal digits: of a negative one inverted, of another with the sign bit set. */
function encodeNumber(value: number): string {
  if (Number.isNaN(value)) {
    throw new BanyanError(
      'INDEX_VALUE_INVALID',
      'An index cannot sort by NaN; expected a number or a text. Correct the `sort` of the index.',
    );
  }
  bits.setFloat64(0, value === 0 ? 0 : value);
  const raw = bits.getBigUint64(0);
  const ordered = raw & signBit ? raw ^ allBits : raw | signBit;
  return ordered.toString(16).padStart(16, '0');
}
