import { silentLogger, systemClock, type Clock, type Logger, type LogReader } from 'banyan/runtime';
import type { Bus } from './bus.ts';
import type { EventLogRef } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import { checkHostility, type Hostility } from './hostile-fate.ts';
import {
  runHostile,
  type HostileCounts,
  type HostileLimits,
  type HostileSubscription,
} from './hostile-subscription.ts';
import { createSubscriptions } from './subscriptions.ts';

/** What a hostile bus needs. */
export interface HostileBusOptions {
  /** Finds the log of a translation: its translator's own, or one opened for reading only. */
  readonly eventLog: (log: EventLogRef) => LogReader<EventLogLine>;
  readonly hostility: Hostility;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Default: 4 deliveries under way, 10,000 waiting with 32 MiB, redelivery after 100 ms to 10 s. */
  readonly limits?: Partial<HostileLimits>;
}

/** What a hostile bus did to all its subscriptions. Deliveries are counted event by event. */
export interface HostileFigures {
  /** Taken by a handler, repeats included. */
  readonly delivered: number;
  /** Of them: beyond the first delivery of the event. */
  readonly repeated: number;
  /** Events that are never delivered. */
  readonly dropped: number;
  /** Refused by a handler, and delivered again later. */
  readonly refused: number;
  /** Read and still to be delivered, repeats included. */
  readonly waiting: number;
}

/** A bus that keeps no promise but the least: what it does not drop comes once or oftener, in any order and company. */
export interface HostileBus extends Bus {
  figures(): HostileFigures;
}

/**
 * Makes a bus for tests and `banyan dev --chaos` that behaves as badly as an unordered bus may: each subscription
 * follows its event logs, and their events come late, in any order, repeated, split and mixed at will, several
 * deliveries at once, or never. What a handler refuses comes again until it is taken. What becomes of an event follows
 * from the seed: see `fateOf`. Closing the bus closes its subscriptions.
 * @throws BanyanError HOSTILITY_INVALID
 */
export function createHostileBus(options: HostileBusOptions): HostileBus {
  const { eventLog, hostility, clock = systemClock, logger = silentLogger } = options;
  checkHostility(hostility);
  const limits = {
    inFlight: 4,
    waiting: 10_000,
    bytes: 32 * 1024 * 1024,
    retryMs: 100,
    mostRetryMs: 10_000,
    ...options.limits,
  };
  const counts: HostileCounts = { delivered: 0, repeated: 0, dropped: 0, refused: 0 };
  const subscriptions = createSubscriptions<HostileSubscription>();
  logger.info({ ...hostility }, 'the bus is hostile; the same seed gives every event the same fate');
  return {
    publish: () => Promise.resolve(),
    subscribe: async (subscription, handler) =>
      subscriptions.start(subscription.name, () =>
        runHostile(subscription, handler, { eventLog, hostility, limits, counts, clock, logger }),
      ),
    figures: () => {
      const waiting = [...subscriptions.running()].map((subscription) => subscription.waiting());
      return { ...counts, waiting: waiting.reduce((sum, one) => sum + one, 0) };
    },
    close: () => subscriptions.close(),
  };
}
