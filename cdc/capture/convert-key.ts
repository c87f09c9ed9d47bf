import type { JsonValue } from 'banyan/runtime';

/** Makes the JSON form of one type's value that of another; undefined when it cannot be told. */
export type KeyConverter = (value: JsonValue) => JsonValue | undefined;

const same: KeyConverter = (value) => value;
const print: KeyConverter = String;

/** An integer's text, as Postgres reads it. */
const integer = /^\s*[+-]?\d+\s*$/;
const wholeNumeric = /^(-?\d+)(?:\.0*)?$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const canonical = (text: string): string => BigInt(text.trim().replace('+', '')).toString();
const fromText =
  (pattern: RegExp, make: (text: string) => JsonValue): KeyConverter =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? make(value) : undefined;
const wholePart = (text: string): string => wholeNumeric.exec(text)?.[1] ?? text;

const toSmall: Readonly<Record<string, KeyConverter>> = {
  int2: same,
  int4: same,
  int8: fromText(integer, Number),
  numeric: fromText(wholeNumeric, (text) => Number(wholePart(text))),
  text: fromText(integer, (text) => Number(canonical(text))),
  varchar: fromText(integer, (text) => Number(canonical(text))),
};
const toText: Readonly<Record<string, KeyConverter>> = {
  int2: print,
  int4: print,
  int8: same,
  numeric: same,
  uuid: same,
  text: same,
  varchar: same,
};
const fromTextTo = (converter: KeyConverter): Readonly<Record<string, KeyConverter>> => ({
  text: converter,
  varchar: converter,
});

/**
 * By the new type, then by the old one: what the cast between the two makes of a value, where the types' names say
 * enough. A `numeric` does not say its scale, and so nothing is converted to one; how a time becomes a text depends
 * on the session that altered the table.
 */
const conversions: Readonly<Record<string, Readonly<Record<string, KeyConverter>>>> = {
  int2: toSmall,
  int4: toSmall,
  int8: {
    int2: print,
    int4: print,
    numeric: fromText(wholeNumeric, wholePart),
    ...fromTextTo(fromText(integer, canonical)),
  },
  text: toText,
  varchar: toText,
  uuid: fromTextTo((value) =>
    typeof value === 'string' && uuid.test(value.toLowerCase()) ? value.toLowerCase() : undefined,
  ),
};

/** What turns values of one type into those of another, by the types' names; undefined when nothing does. */
export function keyConverter(from: string, to: string): KeyConverter | undefined {
  return from === to ? same : conversions[to]?.[from];
}
