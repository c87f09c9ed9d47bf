import {
  eventLogName,
  type Bus,
  type Delivery,
  type EventLogRef,
  type Progress,
  type RunningSubscription,
} from 'banyan/events';
import {
  canonicalJson,
  isBanyanError,
  once,
  systemClock,
  type Clock,
  type Closeable,
  type Logger,
} from 'banyan/runtime';
import { applyBatch, type Applied, type Target } from './apply-batch.ts';
import { logParked } from './converge/newly-parked.ts';
import { createGathering, type Gathering, type GatheringLimits } from './gathering.ts';
import { subscriptionName } from './generation-state.ts';
import { isRetryable, notAlone, subscriptionChanged } from './projector-errors.ts';
import { ProjectorLife } from './projector-life.ts';
import { Purge } from './purge.ts';

/** What a projector needs. */
export interface ProjectorOptions extends Target {
  /** An ordered bus. */
  readonly bus: Bus;
  /** The event logs that the projection subscribes to. */
  readonly logs: readonly EventLogRef[];
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Aborting is closing. */
  readonly signal?: AbortSignal;
  /** What may wait while a commit runs. Default: 2,000 events, 64 deliveries. */
  readonly limits?: Partial<GatheringLimits>;
}

/** What a projector is doing. */
export type ProjectorState =
  | { readonly kind: 'running' }
  /** The store cannot be reached; it is tried again. */
  | { readonly kind: 'retrying'; readonly code: string; readonly attempt: number }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'closed' };

/** Figures of a projector since it was started. */
export interface ProjectorStatus {
  readonly projection: string;
  readonly generation: number;
  readonly state: ProjectorState;
  /** Where the view is: documents and progress up to here are committed. */
  readonly progress: Progress;
  /** Events applied, and those dropped since the view had them. */
  readonly events: number;
  readonly duplicates: number;
  /** Documents written or removed, and in how many commits. */
  readonly documents: number;
  readonly commits: number;
  /** Keys that an event has parked. */
  readonly parked: number;
  /** Events that were delivered and are not committed yet. */
  readonly pendingEvents: number;
  /** Log time of the last event applied. */
  readonly lastLogTime: string | undefined;
  /** Milliseconds since the log time of the oldest event pending; 0 when there is none. */
  readonly lagMs: number;
}

/** A projector under way. */
export interface Projector extends Closeable {
  status(): ProjectorStatus;
  /** Calls back after each commit. */
  onProgress(listener: (status: ProjectorStatus) => void): { close(): void };
  /** Resolves when the view has come at least as far; rejects when the projector ends before, or on abort. */
  reached(target: Progress, signal?: AbortSignal): Promise<void>;
  /** Settles when the projector ends: resolves after `close`, rejects with what stopped it. */
  readonly ended: Promise<void>;
}

const defaults: GatheringLimits = { events: 2000, deliveries: 64 };

/**
 * Runs a projection over a subscription of an ordered bus into a generation: documents and progress in one commit, so
 * each event is applied exactly once, whenever the process dies. While a commit runs the next deliveries gather, so
 * batches grow with the load; beyond the limits the bus waits. An event that cannot be folded parks its key. One whose
 * keys cannot be told parks the projection, and stops this projector with PROJECTION_FAILED, its view staying before
 * the event.
 * @throws BanyanError SUBSCRIPTION_CHANGED; errors of the store
 */
export async function startProjector(options: ProjectorOptions): Promise<Projector> {
  const { generation, projection, store, bus, logs, signal } = options;
  const [from, { skipped }] = await Promise.all([store.progress(generation), store.tracking(generation)]);
  const missing = Object.keys(from).filter((name) => !logs.some((log) => eventLogName(log) === name));
  if (missing.length > 0) throw subscriptionChanged(generation, missing);
  const gathering = createGathering({ ...defaults, ...options.limits });
  const name = subscriptionName(generation);
  const types = [...projection.handlers.keys()];
  const subscription = await bus.subscribe({ name, logs, types, from }, (delivery) =>
    gathering.offer(delivery),
  );
  const target = { ...options, ...(skipped && { skipped }) };
  const projector = new RunningProjector(target, subscription, gathering, from);
  if (signal?.aborted) await projector.close();
  else signal?.addEventListener('abort', () => void projector.close(), { once: true });
  return projector;
}

class RunningProjector implements Projector {
  readonly ended: Promise<void>;
  readonly #options: ProjectorOptions;
  readonly #subscription: RunningSubscription;
  readonly #gathering: Gathering;
  readonly #life: ProjectorLife;
  readonly #purge: Purge;
  #progress: Progress;
  #batch: readonly Delivery[] = [];
  #lastLogTime: string | undefined;

  constructor(
    options: ProjectorOptions,
    subscription: RunningSubscription,
    gathering: Gathering,
    from: Progress,
  ) {
    this.#options = options;
    this.#subscription = subscription;
    this.#gathering = gathering;
    this.#progress = from;
    this.#purge = new Purge(options);
    const { generation, logger } = options;
    this.#life = new ProjectorLife({ generation, logger, status: () => this.status() });
    const work = this.#work().catch(async (error: unknown) => {
      this.#fail(error);
      await subscription.close();
    });
    const fed = subscription.ended.catch((error: unknown) => this.#fail(error)).then(() => gathering.end());
    this.ended = Promise.all([work, fed]).then(() => this.#life.end());
    this.ended.catch(() => undefined);
  }

  readonly close = once(async () => {
    this.#life.stop();
    this.#gathering.end();
    await this.#subscription.close();
    await this.ended.catch(() => undefined);
  });

  status(): ProjectorStatus {
    const { generation, clock = systemClock } = this.#options;
    const pending = [...this.#batch, ...this.#gathering.waiting];
    const oldest = pending.find(({ events }) => events.length > 0)?.events[0];
    return {
      projection: generation.projection,
      generation: generation.number,
      state: this.#life.state,
      progress: this.#progress,
      ...this.#life.counts,
      pendingEvents: pending.reduce((sum, { events }) => sum + events.length, 0),
      lastLogTime: this.#lastLogTime,
      lagMs: oldest ? Math.max(0, clock.now() - Date.parse(oldest.logTime)) : 0,
    };
  }

  onProgress(listener: (status: ProjectorStatus) => void): { close(): void } {
    return this.#life.listen(listener);
  }

  reached(target: Progress, signal?: AbortSignal): Promise<void> {
    return this.#life.reached(target, signal);
  }

  async #work(): Promise<void> {
    for (;;) {
      const batch = await this.#gathering.take();
      if (batch === undefined) return;
      this.#batch = batch;
      const applied = await this.#apply(batch);
      this.#batch = [];
      if (!applied) continue;
      this.#note(applied);
      await this.#purgeBelow(applied.last);
    }
  }

  /** Applies, again and again while the store cannot be reached; undefined when it was closed meanwhile. */
  async #apply(batch: readonly Delivery[]): Promise<Applied | undefined> {
    const { store, generation } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        // What failed may have been done, and only its answer lost.
        if (attempt > 1) this.#progress = this.#recognized(batch, await store.progress(generation));
        const applied = await applyBatch(this.#options, batch, this.#progress);
        this.#life.running();
        return applied;
      } catch (error) {
        if (isBanyanError(error, 'PROGRESS_CONFLICT')) {
          throw notAlone(generation, this.#progress, await store.progress(generation));
        }
        if (!isRetryable(error)) throw error;
        await this.#life.retrying(error, attempt);
        if (this.#life.isClosing) return undefined;
      }
    }
  }

  async #purgeBelow(last: Applied['last']): Promise<void> {
    try {
      if (last) await this.#purge.below(last.logTime);
    } catch (error) {
      // It comes again with the next commit.
      if (!isRetryable(error)) throw error;
    }
  }

  /** The stored progress, when it is the old one or one of the batch's own. */
  #recognized(batch: readonly Delivery[], found: Progress): Progress {
    const text = canonicalJson(found);
    const ours = [this.#progress, ...batch.map(({ progress }) => progress)];
    if (ours.some((one) => canonicalJson(one) === text)) return found;
    throw notAlone(this.#options.generation, this.#progress, found);
  }

  #note(applied: Applied): void {
    this.#progress = applied.progress;
    this.#lastLogTime = applied.last?.logTime ?? this.#lastLogTime;
    this.#life.applied(applied);
    const { logger, generation } = this.#options;
    for (const key of applied.parked) logParked(logger, generation, key);
    this.#life.tell();
  }

  #fail(thrown: unknown): void {
    const error = this.#life.fail(thrown);
    if (error) this.#gathering.fail(error);
  }
}
