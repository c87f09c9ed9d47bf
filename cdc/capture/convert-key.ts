import type { JsonValue } from 'banyan/runtime';

/** Makes of a stored value the JSON form that a type has; undefined when it cannot be told. */
export type KeyConverter = (value: JsonValue) => JsonValue | undefined;

interface Conversion {
  /** The types whose values are converted by their text, as the cast does it. */
  readonly from: readonly string[];
  readonly convert: KeyConverter;
}

const integers = ['int2', 'int4', 'int8', 'numeric', 'text', 'varchar'];
const texts = ['text', 'varchar'];

/** An integer's digits, as Postgres prints them, from a number, from a text, or from a `numeric` like `5.00`. */
function digits(value: JsonValue): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  const [, found] = typeof value === 'string' ? (/^\s*\+?(-?\d+)(?:\.0*)?\s*$/.exec(value) ?? []) : [];
  return found === undefined ? undefined : BigInt(found).toString();
}

function number(value: JsonValue): JsonValue | undefined {
  const found = digits(value);
  return found === undefined ? undefined : Number(found);
}

function text(value: JsonValue): JsonValue | undefined {
  return typeof value === 'number' ? digits(value) : typeof value === 'string' ? value : undefined;
}

function uuid(value: JsonValue): JsonValue | undefined {
  const lower = typeof value === 'string' ? value.toLowerCase() : '';
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(lower) ? lower : undefined;
}

/**
 * By the type that a column has now. Where the types' names do not say enough nothing is converted: a `numeric` does
 * not tell its scale, and how a time becomes a text depends on the session that altered the table.
 */
const conversions: Readonly<Record<string, Conversion>> = {
  int2: { from: integers, convert: number },
  int4: { from: integers, convert: number },
  int8: { from: integers, convert: digits },
  numeric: { from: [], convert: (value) => (typeof value === 'string' ? value : undefined) },
  text: { from: [...integers, 'uuid'], convert: text },
  varchar: { from: [...integers, 'uuid'], convert: text },
  uuid: { from: texts, convert: uuid },
};

/**
 * What makes values of one type those of another, by the types' names; undefined when nothing does. Where both are one
 * type it still matters: a column that was altered before it became part of the key has values of both forms.
 */
export function keyConverter(from: string, to: string): KeyConverter | undefined {
  const conversion = Object.hasOwn(conversions, to) ? conversions[to] : undefined;
  if (from === to) return conversion?.convert ?? ((value) => value);
  return conversion?.from.includes(from) === true ? conversion.convert : undefined;
}
