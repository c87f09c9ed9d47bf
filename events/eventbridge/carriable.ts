import type { JsonValue } from 'banyan/runtime';
import { isCarriableText } from '../carriable-text.ts';

/** EventBridge processes JSON that is nested so deep, and integers of 64 bits: others are refused or changed. */
const deepest = 1000;
const integers = 2 ** 63;

/**
 * Whether EventBridge and SQS carry a value as it is. What they do not carry goes as a reference.
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 * @param depth how deep the value lies in the detail
 */
export function isCarriable(value: JsonValue, depth = 2): boolean {
  if (typeof value === 'string') return isCarriableText(value);
  if (typeof value === 'number') return !Number.isInteger(value) || Math.abs(value) < integers;
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= deepest || !Object.values(value).every((inner: JsonValue) => isCarriable(inner, depth + 1))) {
    return false;
  }
  return Array.isArray(value) || Object.keys(value).every(isCarriableText);
}
