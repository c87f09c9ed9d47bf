import type { JsonValue } from 'banyan/runtime';
import { parseArray } from './values-array.ts';
import { parseExactJson } from './values-json.ts';

/**
 * A Postgres type as far as its values' JSON form depends on it. A domain is its base type. `name` is the type's
 * name without schema and modifier; an array's is its element's behind an underscore, as Postgres does it.
 */
export type ValueType =
  | {
      readonly kind: 'builtIn';
      /** A type of the schema `pg_catalog`. */
      readonly name: string;
    }
  | {
      readonly kind: 'text';
      /** An enum, a composite, a type of an extension: kept as its text, whatever its name. */
      readonly name: string;
    }
  | {
      readonly kind: 'array';
      readonly name: string;
      readonly element: ValueType;
      /** A comma, for almost every type. */
      readonly delimiter: string;
    };

/** Makes the JSON form of a value's text. */
export type Converter = (text: string) => JsonValue;

/**
 * THE table of conversions: what Postgres prints for a value (under {@link outputSettings}) to the one JSON form
 * that everything after capture sees. Values stay exact: what a JSON number cannot hold is text. A type that is not
 * in the table keeps its text: `numeric`, `int8`, `uuid`, `interval`, `inet`, ranges, enums, and so on.
 */
const conversions: Readonly<Record<string, Converter>> = {
  bool: (text) => text === 't',
  int2: Number,
  int4: Number,
  oid: Number,
  float4: floatValue,
  float8: floatValue,
  timestamp: timestampValue,
  timestamptz: timestampValue,
  bytea: byteaValue,
  json: parseExactJson,
  jsonb: parseExactJson,
};

/** The session settings under which Postgres prints the texts that {@link converterOf} reads. */
export const outputSettings: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  datestyle: 'ISO, YMD',
  intervalstyle: 'iso_8601',
  timezone: 'UTC',
  bytea_output: 'hex',
  // The shortest text that reads back as the same float.
  extra_float_digits: '1',
  lc_monetary: 'C',
  xmlbinary: 'base64',
  // Names that types like regclass print are then always qualified.
  search_path: 'pg_catalog',
};

const same: Converter = (text) => text;

/** The converter of a type. Ask once a column, not once a value. */
export function converterOf(type: ValueType): Converter {
  switch (type.kind) {
    case 'builtIn':
      return Object.hasOwn(conversions, type.name) ? (conversions[type.name] ?? same) : same;
    case 'text':
      return same;
    case 'array': {
      const element = converterOf(type.element);
      return (text) => parseArray(text, type.delimiter, element);
    }
  }
}

function floatValue(text: string): JsonValue {
  const value = Number(text);
  // JSON has no NaN and no infinity; and its -0 does not survive JSON.stringify, so there is one zero.
  return Number.isFinite(value) ? value + 0 : text;
}

const timestampText = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(\+00)?$/;

/** ISO 8601, always with microseconds, so that text order is time order. Infinity, BC and years above 9999 stay text. */
function timestampValue(text: string): JsonValue {
  const parts = timestampText.exec(text);
  if (parts === null) return text;
  const [, date = '', time = '', fraction = '', zone] = parts;
  return `${date}T${time}.${fraction.padEnd(6, '0')}${zone === undefined ? '' : 'Z'}`;
}

function byteaValue(text: string): JsonValue {
  return Buffer.from(text.slice(2), 'hex').toString('base64');
}
