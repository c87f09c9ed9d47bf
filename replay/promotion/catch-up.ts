import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from 'banyan/runtime';
import { reaches, wantedOf } from '../coverage.ts';
import { directoryHeads } from '../log-heads.ts';
import { refuseBehind } from './check-promotion.ts';
import type { Choice } from './choose.ts';
import type { PromoteOptions, Refusal } from './options.ts';

/** Milliseconds between looks: the first, and the longest. */
const [shortest, longest] = [10, 250];

/** Milliseconds that a view may be behind when it is promoted: what readers' sessions wait for unnoticed. */
const closeEnoughMs = 500;

type CatchUpOptions = Pick<
  PromoteOptions,
  'store' | 'directory' | 'heads' | 'timeoutMs' | 'clock' | 'signal' | 'onProgress'
>;

/** Whether the next generation has now all that the live one has; else why not. */
export async function checkProgress(options: CatchUpOptions, choice: Choice): Promise<Refusal | undefined> {
  const { store, heads = directoryHeads(options.directory) } = options;
  const { live, next } = choice;
  const wanted = wantedOf(next, { generation: live, progress: await store.progress(live) });
  const progress = await store.progress(next);
  if (await reaches(next.logs, progress, wanted, heads)) return undefined;
  return refuseBehind(choice, progress, wanted);
}

/**
 * Waits until the next generation has all that the live one had not long ago. Both go on meanwhile: the wanted place
 * is taken anew until reaching it took no time to speak of.
 * @returns why not, when the time is over
 */
export async function catchUp(options: CatchUpOptions, choice: Choice): Promise<Refusal | undefined> {
  const { store, clock = systemClock, timeoutMs = 30_000, signal, onProgress } = options;
  const heads = options.heads ?? directoryHeads(options.directory);
  const { name, live, next } = choice;
  const deadline = clock.now() + timeoutMs;
  for (;;) {
    const began = clock.now();
    const wanted = wantedOf(next, { generation: live, progress: await store.progress(live) });
    for (let pause = shortest; ; pause = Math.min(2 * pause, longest)) {
      signal?.throwIfAborted();
      const progress = await store.progress(next);
      if (await reaches(next.logs, progress, wanted, heads)) break;
      if (clock.now() >= deadline) return refuseBehind(choice, progress, wanted);
      onProgress?.({ projection: name, generation: next.number, progress, wanted });
      await sleep(pause, undefined, signal && { signal });
    }
    if (clock.now() - began <= closeEnoughMs || clock.now() >= deadline) return undefined;
  }
}
