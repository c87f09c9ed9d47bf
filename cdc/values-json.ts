import type { JsonValue } from 'banyan/runtime';

/**
 * Parses JSON text without losing digits: a number that a double does not hold exactly becomes its text, as
 * `12345678901234567890` becomes `"12345678901234567890"`.
 */
export function parseExactJson(text: string): JsonValue {
  // Up to 15 significant digits a double holds any decimal; the reviver is 5 times slower, so it runs only for more.
  if (!mayHoldLongNumber.test(text)) return JSON.parse(text) as JsonValue;
  return JSON.parse(text, exactNumber as (name: string, value: unknown) => unknown) as JsonValue;
}

const mayHoldLongNumber = /[\d.]{16}|\d[eE]/;

/** `context.source` is the value's own text (ECMAScript "JSON.parse source text access"; Node 22 and newer have it). */
function exactNumber(_name: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined) return value;
  return isExact(value, context.source) ? value : context.source;
}

function isExact(value: number, source: string): boolean {
  return Number.isFinite(value) && canonicalDecimal(String(value)) === canonicalDecimal(source);
}

/** One text for one decimal number: sign, digits without zeros at either end, exponent. */
function canonicalDecimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const scale = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign}${significant}e${scale.toString()}`;
}
