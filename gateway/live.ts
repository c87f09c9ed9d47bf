import type { AnyProjection, GenerationId, LivePointer, ViewStore } from 'banyan/projections';
import { isBanyanError, type Clock } from 'banyan/runtime';
import { Refused } from './answer.ts';

/** Names the live generation of a projection: one pointer throughout a request. */
export type Live = (projection: AnyProjection) => GenerationId;

/** The live generations of a group. */
export interface LiveViews {
  /**
   * Runs a read on the live generations; once more with a fresh pointer when a generation is not there (any more).
   * @throws Refused 503 when a projection has no live generation yet
   */
  read<Result>(run: (live: Live) => Promise<Result>): Promise<Result>;
}

/** Milliseconds for which a pointer is used without asking again. */
const pointerAgeMs = 1_000;

/** Thrown when the pointer at hand names no generation of a projection. */
class NotLive extends Error {}

/** Keeps the pointer for a second at most; requests at the same time ask once. */
export function liveViews(store: ViewStore, group: string, clock: Clock): LiveViews {
  let known: { readonly at: number; readonly pointer: Promise<LivePointer | undefined> } | undefined;
  const pointer = (fresh: boolean): Promise<LivePointer | undefined> => {
    const now = clock.now();
    if (!fresh && known !== undefined && now - known.at < pointerAgeMs && now >= known.at) return known.pointer;
    const asked = { at: now, pointer: store.pointer(group) };
    asked.pointer.catch(() => {
      if (known === asked) known = undefined;
    });
    known = asked;
    return asked.pointer;
  };
  return {
    read: async (run) => {
      try {
        return await run(liveBy(await pointer(false)));
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      try {
        return await run(liveBy(await pointer(true)));
      } catch (error) {
        if (!isMissing(error)) throw error;
        throw new Refused('unavailable', 'The view is not there yet. Try again soon.', {
          headers: { 'retry-after': '1' },
        });
      }
    },
  };
}

function liveBy(pointer: LivePointer | undefined): Live {
  return ({ name }) => {
    const number = pointer?.live[name];
    if (number === undefined) throw new NotLive();
    return { projection: name, number };
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof NotLive || isBanyanError(error, 'GENERATION_UNKNOWN');
}
