/** A value that JSON holds exactly: no undefined, no NaN, no bigint. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** An object of JSON values. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/**
 * The one text of a value: object names in code unit order, no white space.
 * Two values are equal exactly when their canonical texts are (guarantee G4 compares with it).
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) => (isPlainObject(inner) ? sortNames(inner) : inner));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sortNames(object: Record<string, unknown>): Record<string, unknown> {
  // A null prototype keeps a legacy column called "__proto__" an ordinary name.
  const sorted: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const name of Object.keys(object).sort()) sorted[name] = object[name];
  return sorted;
}
