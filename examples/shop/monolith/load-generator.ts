import { setTimeout as sleep } from 'node:timers/promises';
import { actions, usualDay, type Action, type Shopper } from './load-actions.ts';
import { loadClient, type Send } from './load-client.ts';
import { Random } from './random.ts';
import { clerk } from './seed-rows.ts';

/** How to drive the shop. It must have been seeded: the clerk's account and some products are needed. */
export interface LoadOptions {
  readonly url: string;
  /** Shoppers at work at the same time. Default 4. */
  readonly concurrency?: number;
  /** Actions a second, all shoppers together; absent: as fast as the shop answers. */
  readonly rate?: number;
  /** Ends after that many actions; absent: goes on until closed or aborted. */
  readonly actions?: number;
  /** How many seeded customers there are, numbered from 1, to act upon besides those who sign up. Default 0. */
  readonly knownCustomers?: number;
  /** How often each action is taken, relative to the others; absent: never. Default: a shop's usual day. */
  readonly weights?: Partial<Readonly<Record<Action, number>>>;
  /** Seeds each shopper's choices. Default 1. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** What was done so far. */
export interface LoadReport {
  readonly actions: Readonly<Record<Action, number>>;
  readonly done: number;
  /** Answers of 4xx: out of stock, nothing to take back. */
  readonly refused: number;
  /** Answers of 5xx, and none at all. */
  readonly failed: number;
  readonly lastFailure: string | undefined;
}

/** A load under way. */
export interface Load {
  report(): LoadReport;
  /** The last report, when the load has ended. */
  readonly ended: Promise<LoadReport>;
  close(): Promise<void>;
}

interface Counts {
  readonly actions: Record<Action, number>;
  started: number;
  done: number;
  refused: number;
  failed: number;
  lastFailure: string | undefined;
}

/** Signs in and starts to drive the shop over HTTP. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const { concurrency = 4, seed = 1 } = options;
  const client = loadClient(options.url, concurrency);
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const counts: Counts = {
    actions: Object.fromEntries(Object.keys(usualDay).map((name) => [name, 0])) as Record<Action, number>,
    started: 0,
    done: 0,
    refused: 0,
    failed: 0,
    lastFailure: undefined,
  };
  const report = (): LoadReport => {
    const { started: _started, ...told } = counts;
    return { ...told, actions: { ...counts.actions } };
  };
  const run = async (): Promise<LoadReport> => {
    const shared = await enter(client.send, seed);
    const shoppers = Array.from({ length: concurrency }, (_, index) => newShopper(shared, options, index));
    await Promise.all(shoppers.map((shopper) => shopping(shopper, options, counts, signal)));
    return report();
  };
  const ended = run().finally(() => client.close());
  // Who only closes is told by close; the rejection must not be unhandled meanwhile.
  ended.catch(() => undefined);
  return {
    report,
    ended,
    close: async () => {
      stop.abort();
      await ended;
    },
  };
}

type Weights = NonNullable<LoadOptions['weights']>;
type Shared = Pick<Shopper, 'send' | 'clerkToken' | 'skus' | 'coupons'>;

/** The clerk signs in, looks through the catalogue and makes the coupons of this load. */
async function enter(send: Send, seed: number): Promise<Shared> {
  const session = await send('POST', '/api/login', clerk);
  const clerkToken = session.body['token'];
  if (typeof clerkToken !== 'string') throw new Error('The clerk cannot sign in: seed the shop first.');
  const listed = await send('GET', '/api/products?limit=200');
  const products = (listed.body['products'] ?? []) as readonly { readonly sku: string }[];
  if (products.length === 0) throw new Error('The shop has no products: seed it first.');
  const coupons = [`LOAD-${seed}-PERCENT`, `LOAD-${seed}-AMOUNT`] as const;
  await send('POST', '/api/coupons', { code: coupons[0], percent: 15 }, clerkToken);
  await send('POST', '/api/coupons', { code: coupons[1], amount: '7.50' }, clerkToken);
  return { send, clerkToken, skus: products.map(({ sku }) => sku), coupons };
}

function newShopper(shared: Shared, options: LoadOptions, index: number): Shopper {
  const { seed = 1, knownCustomers = 0 } = options;
  let signedUp = 0;
  return {
    ...shared,
    random: new Random(seed * 1_000 + index),
    customers: [],
    knownCustomers,
    unpaid: [],
    unshipped: [],
    signUpName: () => `load-${seed}-${index}-${(signedUp += 1)}@shop.example`,
  };
}

async function shopping(
  shopper: Shopper,
  options: LoadOptions,
  counts: Counts,
  signal: AbortSignal,
): Promise<void> {
  const { rate, actions: most = Infinity, weights = usualDay } = options;
  const begun = performance.now();
  while (!signal.aborted && counts.started < most) {
    const turn = counts.started;
    counts.started += 1;
    const due = rate === undefined ? begun : begun + (turn * 1000) / rate;
    await pause(due - performance.now(), signal);
    const worked = await act(shopper, weights, counts);
    // A shop that is down is not asked thousands of times a second.
    if (!worked) await pause(100, signal);
  }
}

/** Does one thing; false when the shop failed. */
async function act(shopper: Shopper, weights: Weights, counts: Counts): Promise<boolean> {
  const action = shopper.customers.length === 0 ? 'signUp' : shopper.random.weighted(weights);
  counts.actions[action] += 1;
  try {
    const { status, body } = await actions[action](shopper);
    if (status >= 500) throw new Error(`${action}: ${status} ${String(body['error'])}`);
    if (status >= 400) counts.refused += 1;
    return true;
  } catch (error) {
    counts.failed += 1;
    counts.lastFailure = String(error);
    return false;
  } finally {
    counts.done += 1;
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0) return;
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
