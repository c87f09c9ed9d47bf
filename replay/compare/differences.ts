import type { Document } from 'banyan/projections';
import type { JsonObject, JsonValue } from 'banyan/runtime';

/** A place where two values differ. A side that has nothing there is left out. */
export interface ValueDifference {
  readonly path: string;
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

/**
 * Where two documents differ; nothing exactly when their canonical JSON is the same. Objects are compared name by
 * name, arrays place by place: all places of an array share one path, so a path may come several times.
 */
export function diffDocuments(before: Document, after: Document): Generator<ValueDifference, void> {
  return differences('', before, after);
}

/** The paths at which two documents differ, each with its first difference. */
export function fieldPaths(before: Document, after: Document): Map<string, ValueDifference> {
  const paths = new Map<string, ValueDifference>();
  for (const difference of diffDocuments(before, after)) {
    if (!paths.has(difference.path)) paths.set(difference.path, difference);
  }
  return paths;
}

function* differences(path: string, before: JsonValue, after: JsonValue): Generator<ValueDifference, void> {
  if (before === after) return;
  if (isArray(before) && isArray(after)) yield* ofArrays(`${path}[]`, before, after);
  else if (isObject(before) && isObject(after)) yield* ofObjects(path, before, after);
  else yield { path, before, after };
}

function* ofArrays(path: string, before: readonly JsonValue[], after: readonly JsonValue[]) {
  for (let at = 0; at < Math.max(before.length, after.length); at += 1) {
    yield* ofSides(path, before[at], after[at]);
  }
}

function* ofObjects(path: string, before: JsonObject, after: JsonObject) {
  for (const name of Object.keys(before)) {
    yield* ofSides(under(path, name), before[name], Object.hasOwn(after, name) ? after[name] : undefined);
  }
  for (const name of Object.keys(after)) {
    if (!Object.hasOwn(before, name)) yield* ofSides(under(path, name), undefined, after[name]);
  }
}

/** Undefined is a side that has nothing there. */
function* ofSides(path: string, before: JsonValue | undefined, after: JsonValue | undefined) {
  if (before !== undefined && after !== undefined) yield* differences(path, before, after);
  else if (before !== undefined) yield { path, before };
  else if (after !== undefined) yield { path, after };
}

const plainWord = /^[\p{L}\p{N}_$-]+$/u;

function under(path: string, name: string): string {
  if (!plainWord.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
