import { approximateBytes } from 'banyan/cdc';
import { toError, type Clock, type Logger, type LogReader } from 'banyan/runtime';
import { createBell, type Bell } from './bell.ts';
import type { DeliveryHandler, RunningSubscription, Subscription } from './bus.ts';
import { eventLogName, type DomainEvent, type EventLogRef } from './domain-event.ts';
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

/** A running subscription to a hostile bus. */
export interface HostileSubscription extends RunningSubscription {
  /** Deliveries of single events that wait or are under way. */
  waiting(): number;
}

/** Follows each log of a subscription by itself and hands its events over as their fates say. */
export function runHostile(
  subscription: Subscription,
  handler: DeliveryHandler,
  parts: HostileParts,
): HostileSubscription {
  const work = new HostileWork(subscription, handler, parts);
  const running = runTogether((signal) => work.begin(signal));
  return { ...running, waiting: () => work.waiting };
}

/** Bytes of an event log that are read at once. */
const readBytes = 256 * 1024;

/** Reads events and delivers them: a follower for each log fills the queue, and lanes empty it side by side. */
class HostileWork {
  readonly #subscription: Subscription;
  readonly #handler: DeliveryHandler;
  readonly #parts: HostileParts;
  readonly #queue = createDueQueue();
  readonly #types: ReadonlySet<string>;
  /** Rung for followers: there is room again. */
  readonly #rooms: readonly Bell[];
  /** Rung for lanes: there is more to deliver. */
  readonly #lanes: readonly Bell[];
  #underWay = 0;
  /** Deliveries that were refused, one after the other. */
  #refusedInRow = 0;

  constructor(subscription: Subscription, handler: DeliveryHandler, parts: HostileParts) {
    this.#subscription = subscription;
    this.#handler = handler;
    this.#parts = parts;
    this.#types = new Set(subscription.types);
    this.#rooms = subscription.logs.map(() => createBell());
    this.#lanes = Array.from({ length: parts.limits.inFlight }, () => createBell());
  }

  get waiting(): number {
    return this.#queue.size + this.#underWay;
  }

  begin(signal: AbortSignal): readonly Promise<void>[] {
    const { logs } = this.#subscription;
    const followers = this.#rooms.flatMap((room, at) => {
      const log = logs[at];
      return log ? [this.#follow(log, room, signal)] : [];
    });
    return [...followers, ...this.#lanes.map((lane) => this.#deliver(lane, signal))];
  }

  async #follow(log: EventLogRef, room: Bell, signal: AbortSignal): Promise<void> {
    const reader = this.#parts.eventLog(log);
    const after = this.#subscription.from[eventLogName(log)];
    const reading = { types: this.#types, follow: true, signal, batchBytes: readBytes };
    for await (const { events } of readEvents(reader, log, { ...reading, ...(after && { after }) })) {
      for (const event of events) {
        while (this.#isFull() && !signal.aborted) await room.heard(signal);
        if (signal.aborted) return;
        this.#add(this.#copiesOf(event));
      }
    }
  }

  async #deliver(lane: Bell, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      const now = clock.now();
      const copies = this.#queue.take(now);
      if (copies.length > 0) {
        if (!this.#isFull()) for (const room of this.#rooms) room.ring();
        await this.#hand(copies);
      } else {
        const { nextDue } = this.#queue;
        await lane.heard(signal, nextDue === undefined ? undefined : Math.max(1, Math.ceil(nextDue - now)));
      }
    }
  }

  async #hand(copies: readonly Copy[]): Promise<void> {
    const { counts, limits, clock, logger } = this.#parts;
    this.#underWay += copies.length;
    try {
      await this.#handler({ events: copies.map(({ event }) => event), progress: undefined });
      counts.delivered += copies.length;
      counts.repeated += copies.filter(({ number }) => number > 0).length;
      this.#refusedInRow = 0;
    } catch (thrown) {
      counts.refused += copies.length;
      this.#add(copies.map((copy) => again(copy, limits, clock.now())));
      const inRow = ++this.#refusedInRow;
      // The first, and each time that it has become twice as bad.
      const isTold = (inRow & (inRow - 1)) === 0;
      const about = { err: toError(thrown), subscription: this.#subscription.name, inRow };
      if (isTold) logger.warn(about, 'a delivery was refused; it comes again');
    } finally {
      this.#underWay -= copies.length;
    }
  }

  #add(copies: readonly Copy[]): void {
    for (const copy of copies) this.#queue.add(copy);
    if (copies.length > 0) for (const lane of this.#lanes) lane.ring();
  }

  #isFull(): boolean {
    const { waiting, bytes } = this.#parts.limits;
    return this.#queue.size >= waiting || this.#queue.bytes >= bytes;
  }

  #copiesOf(event: DomainEvent): readonly Copy[] {
    const { hostility, counts, clock } = this.#parts;
    const { copies, batch, spread } = fateOf(hostility, this.#subscription.name, event.id);
    if (copies.length === 0) counts.dropped += 1;
    const now = clock.now();
    const shared = { event, bytes: approximateBytes(event.data), refused: 0, batch, spread };
    return copies.map(({ delay }, number) => ({ ...shared, number, due: now + delay }));
  }
}

/** A copy that was refused, put off; spread over a range, so that a batch does not come again as it was. */
function again(copy: Copy, { retryMs, mostRetryMs }: HostileLimits, now: number): Copy {
  const wait = Math.min(mostRetryMs, retryMs * 2 ** copy.refused);
  return { ...copy, refused: copy.refused + 1, due: now + wait * (0.5 + copy.spread / 2) };
}
