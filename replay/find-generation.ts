import type { Generation, GenerationId, ViewStore } from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';

/**
 * The registered generation.
 * @throws BanyanError GENERATION_UNKNOWN
 */
export async function findGeneration(store: ViewStore, id: GenerationId): Promise<Generation> {
  const all = await store.generations(id.projection);
  const found = all.find(({ number }) => number === id.number);
  if (found) return found;
  const there = all.map(({ number }) => number).join(', ');
  throw new BanyanError(
    'GENERATION_UNKNOWN',
    `There is no generation ${id.number} of view ${id.projection} in the store; there ${there === '' ? 'are none' : `are ${there}`}. ` +
      'See them by banyan replay status.',
    { details: { projection: id.projection, generation: id.number } },
  );
}
