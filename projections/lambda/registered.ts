import { isBeingBuilt } from '../generation-state.ts';
import { generationUnknown } from '../item-rules.ts';
import type { Generation, GenerationId, ViewStore } from '../view-store.ts';

/**
 * The generation as the registry has it. Once it is built it is asked for once in the life of a process, since nothing
 * that is read of it changes then.
 */
export function registered(
  store: Pick<ViewStore, 'generations'>,
  id: GenerationId,
): () => Promise<Generation> {
  let known: Generation | undefined;
  return async () => {
    if (!known || isBeingBuilt(known))
      known = (await store.generations(id.projection)).find(({ number }) => number === id.number);
    if (!known) throw generationUnknown(id);
    return known;
  };
}
