import type { Logger } from 'banyan/runtime';
import { trackedBounds, type Bounds } from './converge/bounds.ts';
import type { ConvergeLimits } from './converge/limits.ts';
import type { Pause } from './pause.ts';
import type { AnyProjection } from './projection.ts';
import type { TrackingView } from './tracking-view.ts';
import type { Generation, ViewStore } from './view-store.ts';

/** What events are applied to, in whatever order they come. */
export interface UnorderedTarget {
  /** With the code that built the generation. */
  readonly projection: AnyProjection;
  readonly generation: Generation;
  readonly store: ViewStore;
  /** Shared by all batches of a process, so that not each of them reads it. */
  readonly tracking: TrackingView;
  readonly logger: Logger;
  /** Default: those of the store. */
  readonly limits?: ConvergeLimits;
  /** How it waits where others are at its keys. Default: a timer. */
  readonly pause?: Pause;
}

/** What is known of the view. */
export async function boundsOf(
  { generation, tracking }: UnorderedTarget,
  how: 'recent' | 'fresh',
): Promise<Bounds> {
  return trackedBounds(generation.logs, await tracking[how]());
}
