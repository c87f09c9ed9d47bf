import type { JsonObject } from 'banyan/runtime';

/** The numbers that people of the shop ask by. Names and addresses have no business in a log. */
const numbers = ['orderId', 'customerId', 'sku'] as const;

/** What each log line about an event has besides what Banyan tells. */
export function numbersIn(data: JsonObject): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of numbers) {
    const value = data[name];
    if (typeof value === 'string') found[name] = value;
  }
  return found;
}
