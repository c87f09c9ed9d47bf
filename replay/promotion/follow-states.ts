import type { Generation, ViewStore } from 'banyan/projections';
import { isBanyanError } from 'banyan/runtime';

/**
 * Lets the states of a group's generations follow its pointer, which alone decides what is live: they are what
 * people and `banyan dev` are told. May be done by several at once, and again.
 */
export async function followStates(store: ViewStore, group: string): Promise<void> {
  for (;;) {
    const pointer = await store.pointer(group);
    if (!pointer) return;
    for (const [name, live] of Object.entries(pointer.live)) {
      const generations = await store.generations(name);
      // First the former ones, so that never two are called live.
      for (const one of generations) if (one.number !== live) await change(store, one, 'live', 'ready');
      for (const one of generations) if (one.number === live) await change(store, one, 'ready', 'live');
    }
    // Somebody who moved it meanwhile may have written before us: what we read then is old.
    if ((await store.pointer(group))?.epoch === pointer.epoch) return;
  }
}

async function change(
  store: ViewStore,
  generation: Generation,
  from: 'live' | 'ready',
  to: 'live' | 'ready',
): Promise<void> {
  if (generation.state.kind !== from) return;
  try {
    await store.changeGeneration(generation, from, { state: { kind: to }, floor: generation.floor });
  } catch (error) {
    // Another process did it, or dropped it.
    if (!isBanyanError(error, 'GENERATION_CONFLICT') && !isBanyanError(error, 'GENERATION_UNKNOWN'))
      throw error;
  }
}
