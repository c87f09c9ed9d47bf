import { approximateBytes } from 'banyan/cdc';
import { toError, type Clock, type Logger, type LogReader } from 'banyan/runtime';
import { createBell } from './bell.ts';
import type { DeliveryHandler, RunningSubscription, Subscription } from './bus.ts';
import { eventLogName, type EventLogRef } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import { fateOf, type Hostility } from './hostile-fate.ts';
import { createDueQueue, type Copy } from './hostile-queue.ts';
import { readEvents } from './read-events.ts';
import { runTogether } from './run-together.ts';

/** Bounds of a subscription to a hostile bus. */
export interface HostileLimits {
  /** Deliveries under way at once. */
  readonly inFlight: number;
  /** Deliveries of single events that wait; reading stops meanwhile. */
  readonly waiting: number;
  /** About how many bytes of event data wait; reading stops meanwhile. */
  readonly bytes: number;
  /** Milliseconds before the first redelivery of what a handler refused; each further time twice as many. */
  readonly retryMs: number;
  /** Milliseconds before any redelivery at most. */
  readonly mostRetryMs: number;
}

/** What a bus counts. */
export interface HostileCounts {
  delivered: number;
  repeated: number;
  dropped: number;
  refused: number;
}

/** What a subscription has of its bus. */
export interface HostileParts {
  readonly eventLog: (log: EventLogRef) => LogReader<EventLogLine>;
  readonly hostility: Hostility;
  readonly limits: HostileLimits;
  readonly counts: HostileCounts;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Bytes of an event log that are read at once. */
const readBytes = 256 * 1024;

/** Follows each log of a subscription by itself and hands its events over as their fates say. */
export function runHostile(
  subscription: Subscription,
  handler: DeliveryHandler,
  parts: HostileParts,
): RunningSubscription {
  const { eventLog, hostility, limits, counts, clock } = parts;
  const queue = createDueQueue();
  const types = new Set(subscription.types);
  const followers = subscription.logs.map((log) => ({ log, room: createBell() }));
  const lanes = Array.from({ length: limits.inFlight }, () => createBell());
  const told = createRefusals(subscription.name, parts.logger);
  const isFull = (): boolean => queue.size >= limits.waiting || queue.bytes >= limits.bytes;

  const add = (copies: readonly Copy[]): void => {
    for (const copy of copies) queue.add(copy);
    if (copies.length > 0) for (const lane of lanes) lane.ring();
  };

  const follow = async ({ log, room }: (typeof followers)[number], signal: AbortSignal): Promise<void> => {
    const after = subscription.from[eventLogName(log)];
    const reading = { types, follow: true, signal, batchBytes: readBytes };
    for await (const chunk of readEvents(eventLog(log), log, { ...reading, ...(after && { after }) })) {
      for (const event of chunk.events) {
        while (isFull() && !signal.aborted) await room.heard(signal);
        if (signal.aborted) return;
        const copies = copiesOf(event, hostility, subscription.name, clock.now());
        if (copies.length === 0) counts.dropped += 1;
        add(copies);
      }
    }
  };

  const hand = async (copies: readonly Copy[]): Promise<void> => {
    try {
      await handler({ events: copies.map(({ event }) => event), progress: undefined });
      counts.delivered += copies.length;
      counts.repeated += copies.filter(({ number }) => number > 0).length;
      told.accepted();
    } catch (error) {
      counts.refused += copies.length;
      told.refused(error);
      add(copies.map((copy) => again(copy, limits, clock.now())));
    }
  };

  const deliver = async (lane: (typeof lanes)[number], signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const now = clock.now();
      const copies = queue.take(now);
      if (copies.length > 0) {
        if (!isFull()) for (const { room } of followers) room.ring();
        await hand(copies);
      } else {
        const { nextDue } = queue;
        await lane.heard(signal, nextDue === undefined ? undefined : Math.max(1, Math.ceil(nextDue - now)));
      }
    }
  };

  return runTogether((signal) => [
    ...followers.map((follower) => follow(follower, signal)),
    ...lanes.map((lane) => deliver(lane, signal)),
  ]);
}

function copiesOf(
  event: Copy['event'],
  hostility: Hostility,
  subscription: string,
  now: number,
): readonly Copy[] {
  const { copies, batch, spread } = fateOf(hostility, subscription, event.id);
  const bytes = approximateBytes(event.data);
  return copies.map(({ delay }, number) => ({
    event,
    bytes,
    number,
    due: now + delay,
    refused: 0,
    batch,
    spread,
  }));
}

/** A copy that was refused, put off; spread over a range, so that a batch does not come again as it was. */
function again(copy: Copy, { retryMs, mostRetryMs }: HostileLimits, now: number): Copy {
  const wait = Math.min(mostRetryMs, retryMs * 2 ** copy.refused);
  return { ...copy, refused: copy.refused + 1, due: now + wait * (0.5 + copy.spread / 2) };
}

/** Tells of deliveries that were refused, each time that twice as many were in a row. */
function createRefusals(subscription: string, logger: Logger) {
  let inRow = 0;
  return {
    accepted: () => {
      inRow = 0;
    },
    refused: (thrown: unknown) => {
      inRow += 1;
      if ((inRow & (inRow - 1)) !== 0) return;
      logger.warn({ err: toError(thrown), subscription, inRow }, 'a delivery was refused; it comes again');
    },
  };
}
