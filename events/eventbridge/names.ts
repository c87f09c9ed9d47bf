import { hash } from 'node:crypto';

/** Characters that AWS allows in a name. */
const mostOfRule = 64;
const mostOfQueue = 80;

/** The name of a subscription's rule on its bus: its own where AWS takes it (64 of `.-_A-Za-z0-9`). */
export function ruleName(subscription: string): string {
  return fitted(subscription, /[^.\-_A-Za-z0-9]/g, mostOfRule);
}

/** The name of a subscription's queue, which is the account's: `bus-subscription` (80 of `-_A-Za-z0-9`). */
export function queueName(busName: string, subscription: string): string {
  const bus = busName.slice(busName.lastIndexOf('/') + 1);
  return fitted(`${bus}-${subscription}`, /[^\-_A-Za-z0-9]/g, mostOfQueue);
}

/** A name as it is, or with what does not fit replaced and a hash of the whole behind, so that no two become one. */
function fitted(name: string, foreign: RegExp, most: number): string {
  const plain = name.replace(foreign, '_');
  if (plain === name && name.length <= most) return name;
  const mark = `-${hash('sha256', name, 'hex').slice(0, 12)}`;
  return plain.slice(0, most - mark.length) + mark;
}
