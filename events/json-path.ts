/**
 * The path of the first value that JSON cannot hold exactly (a Date, a bigint, NaN, a Map), or undefined when there
 * is none. An undefined property is left out by JSON, which is what an optional field means.
 */
export function nonJsonPath(value: unknown): readonly string[] | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : [];
    case 'object':
      return value === null ? undefined : nonJsonWithin(value);
    default:
      return [];
  }
}

function nonJsonWithin(value: object): readonly string[] | undefined {
  if (Array.isArray(value)) return firstWithin(Object.entries(value));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return [];
  return firstWithin(Object.entries(value).filter(([, inner]) => inner !== undefined));
}

function firstWithin(entries: readonly (readonly [string, unknown])[]): readonly string[] | undefined {
  for (const [name, inner] of entries) {
    const path = nonJsonPath(inner);
    if (path) return [name, ...path];
  }
  return undefined;
}
