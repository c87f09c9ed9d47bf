import { isBeingBuilt } from '../generation-state.ts';
import { generationUnknown } from '../item-rules.ts';
import type { Generation, GenerationId, ViewStore } from '../view-store.ts';
import { otherCode } from './errors.ts';

/**
 * The generation as the registry has it. Once it is built it is asked for once in the life of a process, since nothing
 * that is read of it changes then. Until then each time: what was dropped by a state that is a moment old would be
 * missing, if the rebuild had read the ends of its logs in that moment.
 * @param bundle the hash of the code that the function has; undefined: whatever the generation's is
 * @throws (each call) BanyanError GENERATION_UNKNOWN, GENERATION_OTHER_CODE; errors of the store
 */
export function registered(
  store: Pick<ViewStore, 'generations'>,
  id: GenerationId,
  bundle: string | undefined,
): () => Promise<Generation> {
  let known: Generation | undefined;
  return async () => {
    if (!known || isBeingBuilt(known))
      known = (await store.generations(id.projection)).find(({ number }) => number === id.number);
    if (!known) throw generationUnknown(id);
    if (bundle !== undefined && known.bundle !== bundle) throw otherCode(id, known.bundle, bundle);
    return known;
  };
}
