import { generationUnknown } from '../item-rules.ts';
import type { Generation, GenerationId, ViewStore } from '../view-store.ts';

/** The generation as the registry has it; asked once in the life of a process, since what is read of it never changes. */
export function registered(
  store: Pick<ViewStore, 'generations'>,
  id: GenerationId,
): () => Promise<Generation> {
  let known: Generation | undefined;
  return async () => {
    known ??= (await store.generations(id.projection)).find(({ number }) => number === id.number);
    if (!known) throw generationUnknown(id);
    return known;
  };
}
