import type { Document } from './view-store.ts';

/** A value's plain JSON, or the path of what JSON cannot hold. */
export type JsonResult =
  | { readonly kind: 'json'; readonly document: Document }
  | { readonly kind: 'not-json'; readonly path: string; readonly found: string };

/** Thrown within this file only, to come back from the depth of a value; the path is looked for afterwards. */
class NotJson extends Error {}

/**
 * A frozen copy of a document as every store gives it back: without absent fields, -0 as 0. What JSON would change
 * without a word (a Date, a Map, NaN) is refused: a handler must see after a restart what it made before. So is text that
 * not every store can hold, U+0000 and halves of surrogate pairs: the same event parks its key wherever its view is kept.
 */
export function toJsonDocument(value: unknown): JsonResult {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { kind: 'not-json', path: '$', found: kindOf(value) };
  try {
    return { kind: 'json', document: copyObject(value) as Document };
  } catch (error) {
    const refused = error instanceof NotJson ? refusedIn(value, '$') : undefined;
    if (refused) return { kind: 'not-json', ...refused };
    throw error;
  }
}

/** Bytes of a value as compact JSON; nothing takes none. */
export function jsonBytes(value: object | undefined): number {
  return value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));
}

function copy(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      if (!isStorable(value)) throw new NotJson();
      return value;
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new NotJson();
      return value === 0 ? 0 : value;
    case 'object':
      if (value === null) return null;
      return Array.isArray(value)
        ? Object.freeze(Array.from(value, (inner) => copy(inner)))
        : copyObject(value);
    default:
      throw new NotJson();
  }
}

function copyObject(object: object): object {
  if (!isPlain(object)) throw new NotJson();
  const copied: Record<string, unknown> = {};
  for (const name of Object.keys(object)) {
    const value = (object as Record<string, unknown>)[name];
    if (value === undefined) continue;
    if (!isStorable(name)) throw new NotJson();
    const inner = copy(value);
    // Plain assignment of this one name would set the prototype.
    if (name === '__proto__') Object.defineProperty(copied, name, { value: inner, enumerable: true });
    else copied[name] = inner;
  }
  return Object.freeze(copied);
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

const unstorable = 'text with U+0000 or half of a surrogate pair';

/** The first value that is refused, and where it is. */
function refusedIn(
  value: unknown,
  path: string,
): { readonly path: string; readonly found: string } | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : { path, found: String(value) };
  if (typeof value === 'string') return isStorable(value) ? undefined : { path, found: unstorable };
  if (typeof value === 'boolean' || value === null) return undefined;
  if (typeof value !== 'object') return { path, found: kindOf(value) };
  if (Array.isArray(value)) {
    // Holes are undefined too.
    return firstOf(Array.from(value, (inner: unknown, at) => () => refusedIn(inner, `${path}[${at}]`)));
  }
  if (!isPlain(value)) return { path, found: kindOf(value) };
  const present = Object.entries(value).filter(([, inner]) => inner !== undefined);
  if (!present.every(([name]) => isStorable(name))) return { path: `${path} (a name)`, found: unstorable };
  return firstOf(
    present.map(
      ([name, inner]) =>
        () =>
          refusedIn(inner, `${path}.${name}`),
    ),
  );
}

function firstOf<T>(looks: readonly (() => T | undefined)[]): T | undefined {
  for (const look of looks) {
    const found = look();
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether it was made by braces; in another realm too (a bundle's code may run in one). */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return value.constructor.name || 'object';
}
