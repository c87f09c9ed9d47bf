import { hash } from 'node:crypto';
import { BanyanError } from 'banyan/runtime';

/** How badly a hostile bus behaves. */
export interface Hostility {
  /** Decides everything: the same seed gives every event of a subscription the same fate. A whole number. */
  readonly seed: number;
  /** How many of the events are never delivered, 0 to 1. */
  readonly drop: number;
  /** How often an event is delivered at most; 1: never again. Most are delivered once or twice. */
  readonly repeat: number;
  /** Milliseconds that a delivery comes late at most, repeats included. Most come much sooner. */
  readonly delayMs: number;
  /** Events in one delivery at most. */
  readonly batch: number;
}

/** What a hostile bus does with an event of a subscription. */
export interface Fate {
  /** Each time that the event is delivered: milliseconds after it was read. None: it is dropped. */
  readonly copies: readonly { readonly delay: number }[];
  /** Events at most in a delivery that begins with it. */
  readonly batch: number;
  /** 0 to 1: where in its range the wait before a redelivery lies. */
  readonly spread: number;
}

/** The fate of an event: it depends on nothing else, so that a run can be repeated. */
export function fateOf(hostility: Hostility, subscription: string, eventId: string): Fate {
  const numbers = numbersFrom(`${String(hostility.seed)} ${subscription} ${eventId}`);
  const next = (): number => numbers.next().value;
  const isDropped = next() < hostility.drop;
  const batch = 1 + Math.floor(next() * hostility.batch);
  const spread = next();
  const times = isDropped ? 0 : 1 + Math.floor(next() ** 3 * hostility.repeat);
  const copies = Array.from({ length: times }, (_, copy) => {
    // The first mostly soon, so that views move on; repeats at any time.
    const late = copy === 0 ? next() ** 3 : next();
    return { delay: late * hostility.delayMs };
  });
  return { copies, batch, spread };
}

/** Numbers in [0, 1) that depend on the text alone. */
function* numbersFrom(text: string): Generator<number, never> {
  for (let block = 0; ; block++) {
    const digest = hash('sha256', `${String(block)} ${text}`, 'buffer');
    for (let at = 0; at < digest.length; at += 4) yield digest.readUInt32BE(at) / 2 ** 32;
  }
}

/** @throws BanyanError HOSTILITY_INVALID */
export function checkHostility(hostility: Hostility): void {
  const { seed, drop, repeat, delayMs, batch } = hostility;
  const wrong = [
    !Number.isSafeInteger(seed) && `seed must be a whole number, not ${String(seed)}`,
    !(drop >= 0 && drop <= 1) && `drop must be 0 to 1, not ${String(drop)}`,
    !(Number.isSafeInteger(repeat) && repeat >= 1) &&
      `repeat must be a whole number from 1, not ${String(repeat)}`,
    !(delayMs >= 0 && delayMs < 2 ** 31) &&
      `delayMs must be 0 to ${String(2 ** 31 - 1)}, not ${String(delayMs)}`,
    !(Number.isSafeInteger(batch) && batch >= 1) &&
      `batch must be a whole number from 1, not ${String(batch)}`,
  ].filter((one) => one !== false);
  if (wrong.length === 0) return;
  throw new BanyanError('HOSTILITY_INVALID', `A hostile bus cannot be started: ${wrong.join('; ')}.`, {
    details: { ...hostility },
  });
}
