import type { Bus, DomainEvent, Progress, RunningSubscription } from 'banyan/events';
import {
  isBanyanError,
  once,
  systemClock,
  toError,
  type BanyanError,
  type Clock,
  type Logger,
} from 'banyan/runtime';
import { setTimeout as wait } from 'node:timers/promises';
import { applyUnordered, type AppliedUnordered, type UnorderedTarget } from './apply-unordered.ts';
import type { ConvergeLimits } from './converge/limits.ts';
import { DeliveryQueue, type Handed } from './delivery-queue.ts';
import { closedEarly, ProgressWaits } from './progress-waits.ts';
import { covers } from './progress.ts';
import type { AnyProjection } from './projection.ts';
import type { Projector, ProjectorState, ProjectorStatus } from './projector.ts';
import { isRetryable } from './projector-errors.ts';
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
      name: `${projection.name}.g${generation.number}`,
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
  readonly #closing = new AbortController();
  readonly #waits = new ProgressWaits<ProjectorStatus>();
  #state: ProjectorState = { kind: 'running' };
  #batch: readonly Handed[] = [];
  #counts = { events: 0, duplicates: 0, documents: 0, commits: 0, parked: 0 };
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
    this.#target = { projection, generation, store, tracking, logger, ...(limits && { limits }) };
    const parts = [this.#work(), this.#watch(), subscription.ended];
    this.ended = Promise.all(parts.map((part) => this.#guarded(part))).then(() => this.#end());
    this.ended.catch(() => undefined);
  }

  readonly close = once(async () => {
    this.#stop(closedEarly());
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
      state: this.#state,
      progress: this.#progress,
      ...this.#counts,
      pendingEvents: pending.length,
      lastLogTime: this.#lastLogTime,
      lagMs: oldest === '' ? 0 : Math.max(0, clock.now() - Date.parse(oldest)),
    };
  }

  onProgress(listener: (status: ProjectorStatus) => void): { close(): void } {
    return this.#waits.listen(listener);
  }

  async reached(target: Progress, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (covers(this.#progress, target)) return;
    if (this.#state.kind === 'failed') throw this.#state.error;
    if (this.#state.kind === 'closed') throw closedEarly();
    await this.#waits.until(target, signal);
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
        this.#state = { kind: 'running' };
        return applied;
      } catch (error) {
        if (!isRetryable(error) || this.#closing.signal.aborted) throw error;
        await this.#pause(error, attempt);
      }
    }
  }

  /** Looks how far the view is, and whether somebody else has met an event whose key cannot be told. */
  async #watch(): Promise<void> {
    let told: number | undefined;
    for (;;) {
      await this.#wait(this.#options.everyMs);
      if (this.#closing.signal.aborted) return;
      try {
        const { revision, parked } = await this.#tracking.recent();
        if (parked) throw projectionParked(this.#options.generation, parked);
        if (revision !== told) this.#waits.tell(this.status());
        told = revision;
      } catch (error) {
        // Whoever applies events says it, and tries again.
        if (!isRetryable(error)) throw error;
      }
    }
  }

  async #pause(error: BanyanError, attempt: number): Promise<void> {
    const { logger, generation } = this.#options;
    this.#state = { kind: 'retrying', code: error.code, attempt };
    logger.warn({ projection: generation.projection, code: error.code, attempt }, error.message);
    await this.#wait(Math.min(100 * 2 ** (attempt - 1), 5000));
  }

  async #wait(milliseconds: number): Promise<void> {
    const { signal } = this.#closing;
    const pause = this.#options.wait ?? ((ms: number) => wait(ms, undefined, { signal }));
    await pause(milliseconds, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  #note({ events, duplicates, documents, parked, last }: AppliedUnordered): void {
    if (last && last.logTime > (this.#lastLogTime ?? '')) this.#lastLogTime = last.logTime;
    const before = this.#counts;
    this.#counts = {
      events: before.events + events,
      duplicates: before.duplicates + duplicates,
      documents: before.documents + documents,
      commits: before.commits + 1,
      parked: before.parked + parked.length,
    };
    this.#waits.tell(this.status());
  }

  async #guarded(part: Promise<void>): Promise<void> {
    try {
      await part;
    } catch (error) {
      this.#fail(error);
    }
    // Where one part ends, all do.
    this.#stop(this.#state.kind === 'failed' ? this.#state.error : closedEarly());
    await this.#subscription.close();
  }

  #fail(thrown: unknown): void {
    if (this.#state.kind === 'failed' || this.#closing.signal.aborted) return;
    const error = toError(thrown);
    this.#state = { kind: 'failed', error };
    // Who drops a generation ends its projectors: not a failure, though nothing was told to close.
    const level = isBanyanError(error, 'GENERATION_UNKNOWN') ? 'info' : 'error';
    this.#options.logger[level]({ projection: this.#options.projection.name, err: error }, error.message);
  }

  #stop(error: Error): void {
    this.#closing.abort();
    this.#queue.end(error);
  }

  #end(): void {
    if (this.#state.kind !== 'failed') this.#state = { kind: 'closed' };
    this.#waits.end(this.#state.kind === 'failed' ? this.#state.error : closedEarly());
    if (this.#state.kind === 'failed') throw this.#state.error;
  }
}
