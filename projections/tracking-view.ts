import type { Clock } from 'banyan/runtime';
import type { Tracking } from './tracker/ledger.ts';
import type { GenerationId, ViewStore } from './view-store.ts';

/** What the tracker knows of a generation, as somebody else looks at it. */
export interface TrackingView {
  /** As it was read last, not too long ago: it changes about once a second, and what is older only costs work. */
  recent(): Promise<Tracking>;
  /** Read now. */
  fresh(): Promise<Tracking>;
  /** What was read last. */
  readonly last: Tracking | undefined;
}

/** How a {@link TrackingView} is made. */
export interface TrackingViewOptions {
  readonly store: Pick<ViewStore, 'tracking'>;
  readonly generation: GenerationId;
  readonly clock: Clock;
  /** Milliseconds for which what was read is good enough. Default 500. */
  readonly everyMs?: number;
}

/** Looks at the tracking of a generation. */
export function trackingView({ store, generation, clock, everyMs = 500 }: TrackingViewOptions): TrackingView {
  let read: { readonly at: number; readonly tracking: Tracking } | undefined;
  const fresh = async (): Promise<Tracking> => {
    const at = clock.now();
    const tracking = await store.tracking(generation);
    // Of two that are read at once the newer one stays.
    if (read === undefined || tracking.revision >= read.tracking.revision) read = { at, tracking };
    return tracking;
  };
  return {
    recent: async () => (read && clock.now() - read.at < everyMs ? read.tracking : fresh()),
    fresh,
    get last() {
      return read?.tracking;
    },
  };
}
