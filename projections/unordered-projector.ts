import type { Bus, DomainEvent, Progress, RunningSubscription } from 'banyan/events';
import { once, systemClock, toError, type Clock, type Logger } from 'banyan/runtime';
import { applyUnordered, type AppliedUnordered, type UnorderedTarget } from './apply-unordered.ts';
import type { ConvergeLimits } from './converge/limits.ts';
import { DeliveryQueue, type Handed } from './delivery-queue.ts';
import { subscriptionName } from './generation-state.ts';
import type { AnyProjection } from './projection.ts';
import type { Projector, ProjectorStatus } from './projector.ts';
import { isRetryable } from './projector-errors.ts';
import { ProjectorLife } from './projector-life.ts';
import { trackingView, type TrackingView } from './tracking-view.ts';
import { projectionParked } from './unordered-errors.ts';
import type { Generation, ViewStore } from './view-store.ts';

/** What a projector on an unordered bus needs. */
export interface UnorderedProjectorOptions {
  /** With the code that built the generation. */
  readonly projection: AnyProjection;
  readonly generation: Generation;
  readonly store: ViewStore;
  /** A bus of any order; each delivery is done, or comes again. */
  readonly bus: Bus;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Aborting is closing. */
  readonly signal?: AbortSignal;
  /** Milliseconds for which the watermark that was read is good enough. Default 500. */
  readonly everyMs?: number;
  /** Events of a batch at most, besides one delivery. Default 2,000. */
  readonly batchEvents?: number;
  readonly limits?: ConvergeLimits;
  /** How this projector waits. Default: a timer. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Runs a projection over a subscription of an unordered bus into a generation; as many of them at once as are wanted.
 * A delivery is done once its events are applied and recorded; `progress` is the watermark as it was read last, which
 * the tracker moves. An event that cannot be applied parks its key; one whose key cannot be told parks the projection,
 * and every projector of it ends with PROJECTION_FAILED.
 * @throws errors of the store and of the bus
 */
export async function startUnorderedProjector(options: UnorderedProjectorOptions): Promise<Projector> {
  const { projection, generation, store, bus, signal, clock = systemClock, everyMs = 500 } = options;
  const tracking = trackingView({ store, generation, clock, everyMs });
  const { watermark: from } = await tracking.fresh();
  const queue = new DeliveryQueue(options.batchEvents ?? 2000);
  const subscription = await bus.subscribe(
    {
      name: subscriptionName(generation),
      logs: generation.logs,
      types: [...projection.handlers.keys()],
      from,
    },
    ({ events }) => (events.length === 0 ? Promise.resolve() : queue.hand(events)),
  );
  const projector = new UnorderedProjector({ ...options, clock, everyMs }, tracking, queue, subscription);
  if (signal?.aborted) await projector.close();
  else signal?.addEventListener('abort', () => void projector.close(), { once: true });
  return projector;
}

type Settled = UnorderedProjectorOptions & { readonly clock: Clock; readonly everyMs: number };

class UnorderedProjector implements Projector {
  readonly ended: Promise<void>;
  readonly #options: Settled;
  readonly #target: UnorderedTarget;
  readonly #tracking: TrackingView;
  readonly #queue: DeliveryQueue;
  readonly #subscription: RunningSubscription;
  readonly #life: ProjectorLife;
  #batch: readonly Handed[] = [];
  #lastLogTime: string | undefined;

  constructor(
    options: Settled,
    tracking: TrackingView,
    queue: DeliveryQueue,
    subscription: RunningSubscription,
  ) {
    this.#options = options;
    this.#tracking = tracking;
    this.#queue = queue;
    this.#subscription = subscription;
    const { projection, generation, store, logger, limits } = options;
    this.#life = new ProjectorLife({ generation, logger, wait: options.wait, status: () => this.status() });
    this.#target = { projection, generation, store, tracking, logger, ...(limits && { limits }) };
    const parts = [this.#work(), this.#watch(), subscription.ended];
    this.ended = Promise.all(parts.map((part) => this.#guarded(part))).then(() => this.#life.end());
    this.ended.catch(() => undefined);
  }

  readonly close = once(async () => {
    this.#stop();
    await this.#subscription.close();
    await this.ended.catch(() => undefined);
  });

  status(): ProjectorStatus {
    const { generation, clock } = this.#options;
    const pending = [...this.#batch, ...this.#queue.waiting].flatMap(({ events }) => events);
    const oldest = pending.reduce(
      (least, { logTime }) => (least === '' || logTime < least ? logTime : least),
      '',
    );
    return {
      projection: generation.projection,
      generation: generation.number,
      state: this.#life.state,
      progress: this.#progress,
      ...this.#life.counts,
      pendingEvents: pending.length,
      lastLogTime: this.#lastLogTime,
      lagMs: oldest === '' ? 0 : Math.max(0, clock.now() - Date.parse(oldest)),
    };
  }

  onProgress(listener: (status: ProjectorStatus) => void): { close(): void } {
    return this.#life.listen(listener);
  }

  reached(target: Progress, signal?: AbortSignal): Promise<void> {
    return this.#life.reached(target, signal);
  }

  get #progress(): Progress {
    return this.#tracking.last?.watermark ?? {};
  }

  async #work(): Promise<void> {
    for (;;) {
      const batch = await this.#queue.take();
      if (batch === undefined) return;
      this.#batch = batch;
      try {
        const applied = await this.#apply(batch.flatMap(({ events }) => events));
        for (const one of batch) one.done();
        this.#note(applied);
      } catch (error) {
        for (const one of batch) one.refuse(toError(error));
        throw error;
      } finally {
        this.#batch = [];
      }
    }
  }

  /** Applies, again and again while the store cannot be reached. */
  async #apply(events: readonly DomainEvent[]): Promise<AppliedUnordered> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const applied = await applyUnordered(this.#target, events);
        this.#life.running();
        return applied;
      } catch (error) {
        if (!isRetryable(error) || this.#life.isClosing) throw error;
        await this.#life.retrying(error, attempt);
      }
    }
  }

  /** Looks how far the view is, and whether somebody else has met an event whose key cannot be told. */
  async #watch(): Promise<void> {
    let told: number | undefined;
    for (;;) {
      await this.#life.wait(this.#options.everyMs);
      if (this.#life.isClosing) return;
      try {
        const { revision, parked } = await this.#tracking.recent();
        if (parked) throw projectionParked(this.#options.generation, parked);
        if (revision !== told) this.#life.tell();
        told = revision;
      } catch (error) {
        // Whoever applies events says it, and tries again.
        if (!isRetryable(error)) throw error;
      }
    }
  }

  #note(applied: AppliedUnordered): void {
    const { last } = applied;
    if (last && last.logTime > (this.#lastLogTime ?? '')) this.#lastLogTime = last.logTime;
    this.#life.applied(applied);
    this.#life.tell();
  }

  async #guarded(part: Promise<void>): Promise<void> {
    try {
      await part;
    } catch (error) {
      this.#life.fail(error);
    }
    // Where one part ends, all do.
    this.#stop();
    await this.#subscription.close();
  }

  #stop(): void {
    this.#life.stop();
    this.#queue.end(this.#life.error);
  }
}
