import { isBeingBuilt, type Generation, type ViewStore } from 'banyan/projections';
import { BanyanError, systemClock, type Clock } from 'banyan/runtime';
import { findGeneration } from '../find-generation.ts';
import type { LogHeads } from '../log-heads.ts';
import type { CompareProgress, Comparison } from './comparison.ts';
import type { Expectation } from './expectation.ts';
import { createParkedTally } from './parked-tally.ts';
import { createRecheck } from './recheck.ts';
import { createWaitForRest } from './rest.ts';
import { readPairs } from './scan.ts';
import { isSettled, type ReadPair } from './settled.ts';
import { createTally } from './tally.ts';

/** What to compare, and with what. */
export interface CompareOptions {
  readonly store: ViewStore;
  readonly projection: string;
  /** The number of the generation that readers see. */
  readonly live: number;
  /** The number of the one that is to take its place. */
  readonly next: number;
  /** What the fix should change; absent: every difference is unexplained. */
  readonly expect?: Expectation;
  /** Up to where the event logs are durable: with it, generations that nobody feeds are known to have all there is. */
  readonly heads?: LogHeads;
  /** Samples of each field, and of added and removed documents; default 5. */
  readonly sampleSize?: number;
  /** Unexplained differences to list; default 100. */
  readonly listed?: number;
  /** Milliseconds for a chunk of keys to come to rest; default 30,000. */
  readonly settleMs?: number;
  /** Milliseconds without a move of either generation after which nobody feeds them; default 5,000. */
  readonly stillMs?: number;
  /** Keys that are checked again at once; default 500. */
  readonly chunkSize?: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** Called now and then: every thousand keys, and at the end. */
  readonly onProgress?: (progress: CompareProgress) => void;
}

/** Keys between two reports. */
const reportEvery = 1000;

/**
 * Compares two generations of a view, document by document, by canonical JSON; both may be fed meanwhile. Both are
 * streamed in key order. A key whose two items were not surely folds of the same history is read again until they are,
 * one that waits for its catch-up until it has had it. Memory does not grow with the size of the view. Changes nothing.
 * @throws BanyanError GENERATION_UNKNOWN, REPLAY_NOT_READY (it is being built, failed or is retired), REPLAY_NOTHING
 *   (both are the same generation), EXPECTATION_FAILED; errors of the store. The signal's reason on abort.
 */
export async function compareGenerations(options: CompareOptions): Promise<Comparison> {
  const { store, projection, clock = systemClock, expect, signal } = options;
  const live = await findGeneration(store, { projection, number: options.live });
  const next = await findGeneration(store, { projection, number: options.next });
  checkComparable(live, next);
  const began = clock.now();
  const tally = createTally(expect, { sampleSize: options.sampleSize ?? 5, listed: options.listed ?? 100 });
  const parked = createParkedTally(options.listed ?? 100);
  const done = ({ key, live: { item: before }, next: { item: after } }: ReadPair, settled: boolean): void => {
    const isFreed = parked.add(before, after);
    tally.add({ key, before: before?.document, after: after?.document }, settled, isFreed);
  };
  const wait = createWaitForRest({
    store,
    clock,
    signal,
    heads: options.heads,
    stillMs: options.stillMs ?? 5000,
  });
  const recheck = createRecheck({
    store,
    clock,
    wait,
    done,
    settleMs: options.settleMs ?? 30_000,
    chunkSize: options.chunkSize ?? 500,
  });
  let keys = 0;
  const report = (): void =>
    options.onProgress?.({
      keys,
      rechecking: recheck.waiting,
      differing: tally.differing,
      unexplained: tally.unexplained,
    });
  for await (const pair of readPairs(store, live, next)) {
    signal?.throwIfAborted();
    keys += 1;
    if (isSettled(pair)) done(pair, true);
    else await recheck.add(pair);
    if (keys % reportEvery === 0) report();
  }
  await recheck.finish();
  report();
  const ended = clock.now();
  return {
    projection,
    live: live.number,
    next: next.number,
    liveBundle: live.bundle,
    nextBundle: next.bundle,
    ...tally.result(),
    parked: parked.result(),
    progress: { live: await store.progress(live), next: await store.progress(next) },
    comparedAt: new Date(ended).toISOString(),
    seconds: (ended - began) / 1000,
  };
}

function checkComparable(live: Generation, next: Generation): void {
  const { projection } = next;
  if (live.number === next.number) {
    throw new BanyanError(
      'REPLAY_NOTHING',
      `Generation ${next.number} of view ${projection} cannot be compared with itself; expected the live generation ` +
        'and a newer one. Rebuild the view first: banyan replay start.',
      { details: { projection, generation: next.number } },
    );
  }
  for (const generation of [live, next]) {
    const { kind } = generation.state;
    if (kind === 'ready' || kind === 'live') continue;
    throw new BanyanError(
      'REPLAY_NOT_READY',
      `Generation ${generation.number} of view ${projection} is ${kind}; expected it to be ready or live. ` +
        `${isBeingBuilt(generation) ? 'Finish its rebuild' : 'Build a new one'}: banyan replay start ${projection}.`,
      { details: { projection, generation: generation.number, state: kind } },
    );
  }
}
