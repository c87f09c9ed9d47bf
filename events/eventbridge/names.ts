import { hash } from 'node:crypto';

/** Characters that AWS allows in a name. */
const mostOfRule = 64;
const mostOfQueue = 80;

/**
 * The name of a subscription's rule on its bus: its own where AWS takes it (64 of `.-_A-Za-z0-9`), and else what fits of
 * it with a hash. One that ends like a hash has one, too, so that no two subscriptions share a rule.
 */
export function ruleName(subscription: string): string {
  const readable = subscription.replace(/[^.\-_A-Za-z0-9]/g, '_');
  const isWhole = readable === subscription && subscription.length <= mostOfRule;
  return isWhole && !/-[0-9a-f]{12}$/.test(subscription)
    ? subscription
    : marked(readable, subscription, mostOfRule);
}

/**
 * The name of a subscription's queue, which is the account's: `bus-subscription` (80 of `-_A-Za-z0-9`) with a hash of the
 * two, since where one ends and the other begins could not be told otherwise: no two subscriptions share a queue.
 * @param busName name or ARN
 */
export function queueName(busName: string, subscription: string): string {
  const bus = busName.slice(busName.lastIndexOf('/') + 1);
  const readable = `${bus}-${subscription}`.replace(/[^\-_A-Za-z0-9]/g, '_');
  return marked(readable, JSON.stringify([bus, subscription]), mostOfQueue);
}

/** As much of a name as fits, and behind it a hash of the whole. */
function marked(readable: string, whole: string, most: number): string {
  const mark = `-${hash('sha256', whole, 'hex').slice(0, 12)}`;
  return readable.slice(0, most - mark.length) + mark;
}
