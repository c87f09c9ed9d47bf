import type { DomainEvent } from 'banyan/events';
import { trackedBounds } from './converge/bounds.ts';
import { stuckOf } from './converge/converge.ts';
import type { FoldFailure } from './failure.ts';
import type { Generation, ViewStore } from './view-store.ts';

/** Whose tracking is changed. */
export interface Parking {
  readonly generation: Generation;
  readonly store: Pick<ViewStore, 'tracking' | 'changeTracking'>;
}

/**
 * Parks a projection at an event: each of its projectors stops when it sees that. Where it is parked already, it stays
 * so; and an event that was left out or passed meanwhile parks nothing.
 */
export async function parkProjection(
  { generation, store }: Parking,
  event: DomainEvent,
  failure: FoldFailure,
): Promise<void> {
  for (;;) {
    const { revision, ...tracking } = await store.tracking(generation);
    if (tracking.parked || trackedBounds(generation.logs, tracking).isCovered(event)) return;
    const next = { ...tracking, parked: stuckOf(failure) };
    if (await store.changeTracking(generation, revision, next)) return;
  }
}
