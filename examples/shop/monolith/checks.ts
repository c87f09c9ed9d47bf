import { HttpError } from './http.ts';

type Fields = Readonly<Record<string, unknown>>;

function refuse(name: string, expected: string): never {
  throw new HttpError(400, `${name} must be ${expected}`);
}

/** A text field that must be there. */
export function text(fields: Fields, name: string, longest = 200): string {
  const value = fields[name];
  if (typeof value !== 'string' || value.trim() === '' || value.length > longest || value.includes('\0'))
    return refuse(name, `a text of 1 to ${String(longest)} characters`);
  return value;
}

/** A text field that may be missing or null. */
export function optionalText(fields: Fields, name: string, longest = 200): string | null {
  return fields[name] === undefined || fields[name] === null ? null : text(fields, name, longest);
}

/** A whole number within bounds. */
export function wholeNumber(fields: Fields, name: string, least: number, most: number): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    return refuse(name, `a whole number from ${String(least)} to ${String(most)}`);
  return value;
}

/** An amount of money: a text with up to two decimals, never a float. */
export function money(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || !/^\d{1,9}(\.\d{1,2})?$/.test(value))
    return refuse(name, 'an amount as text, like "12.50"');
  return value;
}

/** A day, `2026-03-31`, that may be missing or null. */
export function optionalDay(fields: Fields, name: string): string | null {
  const value = fields[name] ?? null;
  if (value === null) return null;
  const isDay = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value);
  if (!isDay || Number.isNaN(Date.parse(value))) return refuse(name, 'a day, like "2026-03-31"');
  return value;
}

/** A number in the database's bigint range, as a path or a body names it. */
export function id(value: unknown, name: string): string {
  const given = typeof value === 'number' ? String(value) : value;
  if (typeof given !== 'string' || !/^[1-9]\d{0,17}$/.test(given)) return refuse(name, 'a number');
  return given;
}

/** An object of any fields. */
export function object(fields: Fields, name: string): Fields {
  const value = fields[name];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(name, 'an object');
  return value as Fields;
}

/** One of some words. */
export function oneOf<const Word extends string>(fields: Fields, name: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === fields[name]);
  return found ?? refuse(name, `one of ${words.join(', ')}`);
}

/** A list of objects. */
export function list(fields: Fields, name: string, longest: number): Fields[] {
  const value = fields[name];
  const isList = Array.isArray(value) && value.length > 0 && value.length <= longest;
  if (!isList || !value.every((one) => typeof one === 'object' && one !== null))
    return refuse(name, `a list of 1 to ${String(longest)} objects`);
  return value as Fields[];
}

/** A list of short texts that may be missing. */
export function texts(fields: Fields, name: string): string[] {
  const value = fields[name] ?? [];
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string'))
    return refuse(name, 'a list of texts');
  return value;
}

/** A page's size from the query string. */
export function pageSize(query: URLSearchParams): number {
  const size = Number(query.get('limit') ?? '20');
  return Number.isInteger(size) && size >= 1 && size <= 200
    ? size
    : refuse('limit', 'a whole number from 1 to 200');
}
