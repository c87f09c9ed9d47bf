import type { Progress } from 'banyan/events';
import { isBanyanError, toError, type BanyanError, type Logger } from 'banyan/runtime';
import { setTimeout as wait } from 'node:timers/promises';
import { closedEarly, ProgressWaits } from './progress-waits.ts';
import { covers } from './progress.ts';
import type { ProjectorState, ProjectorStatus } from './projector.ts';
import type { GenerationId } from './view-store.ts';

/** Figures of what was applied, added up by {@link ProjectorLife}. */
export interface AppliedFigures {
  readonly events: number;
  readonly duplicates: number;
  readonly documents: number;
  readonly parked: readonly unknown[];
}

/** Whose life it is. */
export interface LifeOptions {
  readonly generation: GenerationId;
  readonly logger: Logger;
  /** How it waits. Default: a timer. */
  readonly wait?: ((milliseconds: number, signal: AbortSignal) => Promise<void>) | undefined;
  readonly status: () => ProjectorStatus;
}

/** What a projector has on any bus: what it is doing, its figures, who waits for it, and how it ends. */
export class ProjectorLife {
  readonly #options: LifeOptions;
  readonly #closing = new AbortController();
  readonly #waits = new ProgressWaits<ProjectorStatus>();
  #state: ProjectorState = { kind: 'running' };
  #counts = { events: 0, duplicates: 0, documents: 0, commits: 0, parked: 0 };

  constructor(options: LifeOptions) {
    this.#options = options;
  }

  get state(): ProjectorState {
    return this.#state;
  }

  get counts(): Pick<ProjectorStatus, 'events' | 'duplicates' | 'documents' | 'commits' | 'parked'> {
    return this.#counts;
  }

  get isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /** What stopped it; without a fault, that it was closed. */
  get error(): Error {
    return this.#state.kind === 'failed' ? this.#state.error : closedEarly();
  }

  listen(listener: (status: ProjectorStatus) => void): { close(): void } {
    return this.#waits.listen(listener);
  }

  tell(): void {
    this.#waits.tell(this.#options.status());
  }

  async reached(target: Progress, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (covers(this.#options.status().progress, target)) return;
    if (this.#state.kind === 'failed' || this.#state.kind === 'closed') throw this.error;
    await this.#waits.until(target, signal);
  }

  /** A batch is done. */
  applied({ events, duplicates, documents, parked }: AppliedFigures): void {
    const before = this.#counts;
    this.#counts = {
      events: before.events + events,
      duplicates: before.duplicates + duplicates,
      documents: before.documents + documents,
      commits: before.commits + 1,
      parked: before.parked + parked.length,
    };
  }

  /** The store is there (again). */
  running(): void {
    this.#state = { kind: 'running' };
  }

  /** Waits before the next attempt, longer each time, up to five seconds. */
  async retrying(error: BanyanError, attempt: number): Promise<void> {
    const { logger, generation } = this.#options;
    this.#state = { kind: 'retrying', code: error.code, attempt };
    logger.warn({ projection: generation.projection, code: error.code, attempt }, error.message);
    await this.wait(Math.min(100 * 2 ** (attempt - 1), 5000));
  }

  /** Until the time is over, or it is closed. */
  async wait(milliseconds: number): Promise<void> {
    const { signal } = this.#closing;
    const pause = this.#options.wait ?? ((ms: number) => wait(ms, undefined, { signal }));
    await pause(milliseconds, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  /** Waits end, and what is met from now on is no fault. */
  stop(): void {
    this.#closing.abort();
  }

  /** The first fault stops it. @returns it, unless there was one before, or it is closing */
  fail(thrown: unknown): Error | undefined {
    if (this.#state.kind === 'failed' || this.isClosing) return undefined;
    const error = toError(thrown);
    this.#state = { kind: 'failed', error };
    const { logger, generation } = this.#options;
    // Who drops a generation ends its projectors: not a failure, though nothing was told to close.
    const level = isBanyanError(error, 'GENERATION_UNKNOWN') ? 'info' : 'error';
    logger[level]({ projection: generation.projection, err: error }, error.message);
    return error;
  }

  /** All of it has ended. @throws what stopped it */
  end(): void {
    if (this.#state.kind !== 'failed') this.#state = { kind: 'closed' };
    this.#waits.end(this.error);
    if (this.#state.kind === 'failed') throw this.#state.error;
  }
}
