import { setTimeout as sleep } from 'node:timers/promises';
import type { ViewStore } from 'banyan/projections';
import { canonicalJson, type Clock } from 'banyan/runtime';
import { reaches, wantedOf, type Place } from '../coverage.ts';
import type { LogHeads } from '../log-heads.ts';

/** Two generations, as far as they had come. */
export interface Places {
  readonly live: Place;
  readonly next: Place;
}

/** What waiting came to; `still`: neither moves, so there is nothing to wait for. */
export type Rest = 'reached' | 'still' | 'late';

/** What waiting needs. */
export interface RestOptions {
  readonly store: ViewStore;
  readonly clock: Clock;
  readonly heads: LogHeads | undefined;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds without a move of either after which nobody feeds them. */
  readonly stillMs: number;
}

/** Waiting for generations that are fed, at the latest until `deadline` (of the clock). */
export interface WaitForRest {
  /** Until both have all that both had. */
  rest(had: Places, deadline: number): Promise<Rest>;
  /** Until either has gone on: then what waited in an item may have been looked after. */
  move(had: Places, deadline: number): Promise<Rest>;
}

/** Milliseconds between looks: the first, and the longest. */
const [shortest, longest] = [10, 250];

/** Remembers that nobody feeds the generations: it is waited for once, and not for every chunk. */
export function createWaitForRest(options: RestOptions): WaitForRest {
  const { store, clock, stillMs, signal } = options;
  let stuckAt: string | undefined;

  const until = async (
    had: Places,
    deadline: number,
    isThere: (now: Places) => boolean | Promise<boolean>,
  ): Promise<Rest> => {
    let pause = shortest;
    let seen: string | undefined;
    let movedAt = clock.now();
    for (;;) {
      signal?.throwIfAborted();
      const now = await placesNow(store, had);
      if (await isThere(now)) return 'reached';
      const text = textOf(now);
      if (text === stuckAt) return 'still';
      if (text !== seen) [seen, movedAt] = [text, clock.now()];
      if (clock.now() - movedAt >= stillMs) {
        stuckAt = text;
        return 'still';
      }
      if (clock.now() >= deadline) return 'late';
      await sleep(pause, undefined, signal && { signal });
      pause = Math.min(pause * 2, longest);
    }
  };
  return {
    rest: (had, deadline) => until(had, deadline, (now) => bothReach(now, had, options.heads)),
    move: (had, deadline) => until(had, deadline, (now) => textOf(now) !== textOf(had)),
  };
}

function textOf({ live, next }: Places): string {
  return canonicalJson([live.progress, next.progress]);
}

/** How far both are now. */
export async function placesNow(store: ViewStore, { live, next }: Places): Promise<Places> {
  const [one, other] = await Promise.all([store.progress(live.generation), store.progress(next.generation)]);
  return { live: { ...live, progress: one }, next: { ...next, progress: other } };
}

async function bothReach(now: Places, had: Places, heads: LogHeads | undefined): Promise<boolean> {
  const oneReaches = ({ generation, progress }: Place, other: Place): Promise<boolean> =>
    reaches(generation.logs, progress, wantedOf(generation, other), heads);
  return (await oneReaches(now.live, had.next)) && (await oneReaches(now.next, had.live));
}
