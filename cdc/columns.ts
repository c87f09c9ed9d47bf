import type { JsonValue } from 'banyan/runtime';

/** The value of a column that could not be known; only where a column was declared `.orUnknown()`. */
export const unknown: unique symbol = Symbol.for('banyan.unknown') as never;
/** The type of {@link unknown}. */
export type Unknown = typeof unknown;

/** A column of a declared table: its TypeScript type, and what an older shape of the table without it stands for. */
export interface Column<Value = unknown> {
  /** The source's type name: `int8`, `timestamptz`, `_text`; `enum` for any enum. */
  readonly type: string;
  readonly isNullable: boolean;
  readonly mayBeUnknown: boolean;
  /** What rows from before the column was added are read as; undefined: reading them throws. */
  readonly defaultValue: JsonValue | undefined;
  /** Null becomes a possible value. */
  nullable(): Column<Value | null>;
  /** The value of rows logged before the column existed. */
  default(value: Value & JsonValue): Column<Value>;
  /** Reading an unknown value gives {@link unknown} and not an error. */
  orUnknown(): Column<Value | Unknown>;
  /** Never there at run time: carries the type. */
  readonly value?: Value;
}

/** A float; what JSON numbers lack is text. */
export type Float = number | 'NaN' | 'Infinity' | '-Infinity';

function column<Value>(type: string, facets: Partial<Column> = {}): Column<Value> {
  const own = {
    type,
    isNullable: facets.isNullable ?? false,
    mayBeUnknown: facets.mayBeUnknown ?? false,
    defaultValue: facets.defaultValue,
  };
  return Object.freeze({
    ...own,
    nullable: () => column<Value | null>(type, { ...own, isNullable: true }),
    default: (value: Value & JsonValue) => column<Value>(type, { ...own, defaultValue: value }),
    orUnknown: () => column<Value | Unknown>(type, { ...own, mayBeUnknown: true }),
  });
}

const of =
  <Value>(type: string) =>
  (): Column<Value> =>
    column<Value>(type);

/**
 * Builders of columns, named as Postgres names the types. What a value looks like is decided in `values.ts`:
 * `int8` and `numeric` are strings, timestamps ISO 8601 with microseconds, `bytea` is base64.
 */
export const col = {
  bool: of<boolean>('bool'),
  int2: of<number>('int2'),
  int4: of<number>('int4'),
  oid: of<number>('oid'),
  int8: of<string>('int8'),
  numeric: of<string>('numeric'),
  float4: of<Float>('float4'),
  float8: of<Float>('float8'),
  money: of<string>('money'),
  text: of<string>('text'),
  varchar: of<string>('varchar'),
  /** `char(n)`; it keeps its blanks. */
  bpchar: of<string>('bpchar'),
  citext: of<string>('citext'),
  uuid: of<string>('uuid'),
  /** Base64. */
  bytea: of<string>('bytea'),
  /** `2026-11-21`. */
  date: of<string>('date'),
  time: of<string>('time'),
  timetz: of<string>('timetz'),
  /** `2026-11-21T03:28:00.123456`. */
  timestamp: of<string>('timestamp'),
  /** `2026-11-21T03:28:00.123456Z`. */
  timestamptz: of<string>('timestamptz'),
  /** ISO 8601: `P1DT2H`. */
  interval: of<string>('interval'),
  inet: of<string>('inet'),
  cidr: of<string>('cidr'),
  macaddr: of<string>('macaddr'),
  xml: of<string>('xml'),
  bit: of<string>('bit'),
  varbit: of<string>('varbit'),
  /** A number in it that a double does not hold exactly is a string. */
  json: <Value = JsonValue>(): Column<Value> => column<Value>('json'),
  /** As `json`. */
  jsonb: <Value = JsonValue>(): Column<Value> => column<Value>('jsonb'),
  /** One of the labels. */
  enum: <const Labels extends readonly string[]>(..._labels: Labels): Column<Labels[number]> =>
    column<Labels[number]>('enum'),
  /**
   * An array; for more dimensions, an array of arrays. Postgres lets every array hold NULLs: declare the element
   * `.nullable()` where yours do.
   */
  array: <Element>(element: Column<Element>): Column<readonly Element[]> =>
    column<readonly Element[]>(element.type.startsWith('_') ? element.type : `_${element.type}`),
  /** Any other type, by its name: its text. */
  other: (type: string): Column<string> => column<string>(type),
} as const;
