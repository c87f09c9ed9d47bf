import type { Delivery } from 'banyan/events';

/** Deliveries that wait for the projector, so that what comes while it writes is written together. */
export interface Gathering {
  /** Takes a delivery in; resolves when there is room for the next one. Rejects after `fail`. */
  offer(delivery: Delivery): Promise<void>;
  /** Everything that waits, once something does; undefined after `end` or `fail`. */
  take(): Promise<readonly Delivery[] | undefined>;
  /** What waits now, oldest first. */
  readonly waiting: readonly Delivery[];
  /** Lets go of what waits and of what still comes; it will be delivered again. */
  end(): void;
  /** As `end`, and refuses what still comes with this error. */
  fail(error: Error): void;
}

/** What may wait at most, besides one delivery. */
export interface GatheringLimits {
  readonly events: number;
  /** A delivery is bounded in bytes by its bus, so this bounds bytes. */
  readonly deliveries: number;
}

/** Makes an empty one. */
export function createGathering(limits: GatheringLimits): Gathering {
  let waiting: Delivery[] = [];
  let events = 0;
  let failed: Error | undefined;
  let ended = false;
  let watchers: (() => void)[] = [];

  const change = (): Promise<void> => new Promise((resolve) => watchers.push(resolve));
  /** Lets everybody look again who waits for anything to change. */
  const changed = (): void => {
    const all = watchers;
    watchers = [];
    for (const watcher of all) watcher();
  };
  const empty = (): readonly Delivery[] => {
    const taken = waiting;
    [waiting, events] = [[], 0];
    changed();
    return taken;
  };
  const isOver = (): boolean => ended;

  return {
    offer: async (delivery) => {
      if (!isOver()) {
        waiting.push(delivery);
        events += delivery.events.length;
        changed();
      }
      while (!isOver() && (events >= limits.events || waiting.length >= limits.deliveries)) await change();
      if (failed) throw failed;
    },
    take: async () => {
      while (!isOver() && waiting.length === 0) await change();
      return isOver() ? undefined : empty();
    },
    get waiting() {
      return waiting;
    },
    end: () => {
      ended = true;
      empty();
    },
    fail: (error) => {
      failed = error;
      ended = true;
      empty();
    },
  };
}
