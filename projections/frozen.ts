/**
 * Makes a JSON value and all within it unchangeable, so that a handler that writes into its arguments fails at once,
 * instead of making a document that only this process sees. A frozen object is taken to be frozen throughout.
 */
export function deepFreeze<Value>(value: Value): Value {
  if (isUnfrozen(value)) freezeAll(value);
  return value;
}

function isUnfrozen(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Object.isFrozen(value);
}

/** Walks by name and number: it runs for each event, and the lists of Object.values cost more than the freezing. */
function freezeAll(object: object): void {
  Object.freeze(object);
  if (Array.isArray(object)) {
    for (const inner of object) if (isUnfrozen(inner)) freezeAll(inner);
    return;
  }
  for (const name in object) {
    const inner = (object as Record<string, unknown>)[name];
    if (isUnfrozen(inner)) freezeAll(inner);
  }
}
