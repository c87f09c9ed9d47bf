/**
 * Makes a JSON value and all within it unchangeable, so that a handler that writes into its arguments fails at once,
 * instead of making a document that only this process sees. A frozen object is taken to be frozen throughout.
 */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze<unknown>(inner);
  return value;
}
