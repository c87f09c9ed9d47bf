import type { Document } from './view-store.ts';

/** A value's plain JSON, or the path of what JSON cannot hold. */
export type JsonResult =
  | { readonly kind: 'json'; readonly document: Document }
  | { readonly kind: 'not-json'; readonly path: string; readonly found: string };

/** Thrown within this file only, to come back from the depth of a value. */
class NotJson extends Error {
  readonly path: string;
  readonly found: string;

  constructor(path: string, found: string) {
    super(found);
    this.path = path;
    this.found = found;
  }
}

/**
 * A frozen copy of a document as every store gives it back: without absent fields, -0 as 0. What JSON would change
 * without a word (a Date, a Map, NaN) is refused: a handler must see after a restart what it made before.
 */
export function toJsonDocument(value: unknown): JsonResult {
  try {
    const document = copy(value, '$');
    if (typeof document !== 'object' || document === null || Array.isArray(document))
      throw new NotJson('$', kindOf(value));
    return { kind: 'json', document: document as Document };
  } catch (error) {
    if (error instanceof NotJson) return { kind: 'not-json', path: error.path, found: error.found };
    throw error;
  }
}

function copy(value: unknown, path: string): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new NotJson(path, String(value));
      return value === 0 ? 0 : value;
    case 'object':
      if (value === null) return null;
      return Array.isArray(value) ? copyArray(value, path) : copyObject(value, path);
    default:
      throw new NotJson(path, kindOf(value));
  }
}

function copyArray(values: readonly unknown[], path: string): readonly unknown[] {
  return Object.freeze(Array.from(values, (value, at) => copy(value, `${path}[${at}]`)));
}

function copyObject(object: object, path: string): object {
  if (!isPlain(object)) throw new NotJson(path, kindOf(object));
  const copied: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const inner = copy(value, `${path}.${name}`);
    // Plain assignment of this one name would set the prototype.
    if (name === '__proto__') Object.defineProperty(copied, name, { value: inner, enumerable: true });
    else copied[name] = inner;
  }
  return Object.freeze(copied);
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
