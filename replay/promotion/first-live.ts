import type { GenerationId, LivePointer, ViewStore } from 'banyan/projections';
import { isBanyanError } from 'banyan/runtime';
import { followStates } from './follow-states.ts';

/**
 * Makes a generation live where none of its projection is: there is nothing to compare it with, and no reader who sees
 * something else. May be done again.
 * @returns the pointer after it; undefined when another one is live
 */
export async function makeFirstLive(
  store: ViewStore,
  group: string,
  { projection, number }: GenerationId,
): Promise<LivePointer | undefined> {
  for (;;) {
    const pointer = (await store.pointer(group)) ?? { epoch: 0, live: {} };
    const live = pointer.live[projection];
    if (live !== undefined && live !== number) return undefined;
    try {
      const moved =
        live === number
          ? pointer
          : await store.movePointer(
              group,
              pointer.epoch,
              { ...pointer.live, [projection]: number },
              pointer.past,
            );
      await followStates(store, group);
      return moved;
    } catch (error) {
      // Another process moved it: look again.
      if (!isBanyanError(error, 'POINTER_CONFLICT')) throw error;
    }
  }
}
