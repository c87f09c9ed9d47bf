import type { Generation, GenerationId } from './view-store.ts';

/** Whether the generation is not ready yet, and nothing may be applied to it but by its rebuild. */
export function isBeingBuilt({ state }: Pick<Generation, 'state'>): boolean {
  return state.kind === 'building' || state.kind === 'opening';
}

/** The name of a generation's subscription: its rule, its queue and its probes have it. */
export function subscriptionName({ projection, number }: GenerationId): string {
  return `${projection}.g${String(number)}`;
}
