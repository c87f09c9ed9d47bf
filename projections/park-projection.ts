import { stuckOf } from './converge/converge.ts';
import type { FoldFailure } from './failure.ts';
import type { GenerationId, ViewStore } from './view-store.ts';

/** Whose tracking is changed. */
export interface Parking {
  readonly generation: GenerationId;
  readonly store: Pick<ViewStore, 'tracking' | 'changeTracking'>;
}

/** Parks a projection: each of its projectors stops when it sees that. Where it is parked already, it stays so. */
export async function parkProjection({ generation, store }: Parking, failure: FoldFailure): Promise<void> {
  for (;;) {
    const { revision, ...tracking } = await store.tracking(generation);
    if (tracking.parked) return;
    const next = { ...tracking, parked: stuckOf(failure) };
    if (await store.changeTracking(generation, revision, next)) return;
  }
}
