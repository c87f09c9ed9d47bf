import { z } from 'zod';

/**
 * An exact decimal number as text, as `numeric` columns are given: `12.50`, `-3`. Never a floating point number:
 * `0.1 + 0.2` must not reach a view.
 */
export function decimal(): z.ZodType<string, string> {
  return z.string().regex(/^-?\d+(\.\d+)?$/, 'expected an exact decimal as text, like "12.50"');
}

/**
 * A point in time as text, ISO 8601, with up to six digits of a second, as timestamp columns are given:
 * `2026-03-01T09:30:00.123456Z`; without the `Z` for a column without a time zone.
 */
export function timestamp(): z.ZodType<string, string> {
  return z
    .string()
    .regex(
      /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d(:?\d\d)?)?$/,
      'expected a timestamp as text, like "2026-03-01T09:30:00.123456Z"',
    );
}
