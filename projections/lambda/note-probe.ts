import type { Probe } from 'banyan/events/eventbridge';
import { isBanyanError } from 'banyan/runtime';
import type { Generation, ViewStore } from '../view-store.ts';

/** Has the registry know that a probe came, while the generation is built: nobody waits for one at any other time. */
export async function noteProbe(
  store: Pick<ViewStore, 'changeGeneration'>,
  { floor, ...generation }: Generation,
  { id: heard }: Probe,
): Promise<void> {
  if (generation.state.kind !== 'building' || generation.state.heard === heard) return;
  try {
    await store.changeGeneration(generation, 'building', { state: { kind: 'building', heard }, floor });
  } catch (error) {
    // Its rebuild has gone on since it was read: an earlier copy of the probe was heard.
    if (!isBanyanError(error, 'GENERATION_CONFLICT')) throw error;
  }
}
