import { readMerged, type LogEnds, type MergedEvents, type MergedLog, type Progress } from 'banyan/events';
import type { AnyProjection, Generation, ViewStore } from 'banyan/projections';
import { EntryCache } from './cache.ts';
import { Checkpoint } from './checkpoint.ts';
import { Folder, type KeyChoice } from './folder.ts';
import { WriteBack } from './write-back.ts';

/** How far a fold of a partition is. */
export interface FoldFigures {
  /** Events read, of all partitions. */
  readonly events: number;
  /** Documents written. */
  readonly documents: number;
  /** How often the store refused a part of a write since it was asked for too much; it was slowed down for. */
  readonly throttled: number;
  /** About how many bytes the cache takes. */
  readonly bytes: number;
  /** Up to where the logs were folded. */
  readonly progress: Progress;
}

/** What to fold, into what. */
export interface FoldPartitionOptions extends KeyChoice {
  readonly projection: AnyProjection;
  readonly generation: Generation;
  readonly store: ViewStore;
  readonly logs: readonly MergedLog[];
  readonly from: Progress;
  readonly to: LogEnds;
  /** The store has no item of the partition yet. */
  readonly isFresh: boolean;
  /** About how many bytes of documents are kept in memory. */
  readonly cacheBytes: number;
  /** Documents written a second at most. */
  readonly rate?: number | undefined;
  /** Milliseconds between checkpoints at least. Default 5000. */
  readonly checkpointEveryMs?: number | undefined;
  /** About how many bytes of each log are read at once. Default 256 KiB. */
  readonly batchBytes?: number | undefined;
  /** Everything up to this progress is durable in the store. */
  readonly onCheckpoint: (progress: Progress) => Promise<void>;
  /** Told after each batch. */
  readonly onProgress?: ((figures: FoldFigures) => void) | undefined;
  /** Aborting ends the fold at a checkpoint. */
  readonly signal?: AbortSignal | undefined;
}

/** A fold that ended: at its end, or where it was aborted. */
export interface Folded extends FoldFigures {
  readonly kind: 'done' | 'aborted';
}

/**
 * Folds the merged event logs for one partition of the keys through a cache into a generation, up to the frontier at
 * the given ends. Interrupted anywhere it may be run again from its last checkpoint.
 * @throws BanyanError PROJECTION_FAILED, LOG_CORRUPT; errors of the store
 */
export async function foldPartition(options: FoldPartitionOptions): Promise<Folded> {
  const { projection, generation, store, logs, from, to, signal, batchBytes } = options;
  const cache = new EntryCache(options.cacheBytes, options.isFresh);
  const folder = new Folder({ ...options, cache });
  const writer = new WriteBack({ projection, generation, store, cache, rate: options.rate });
  const pace = new Pace(options, cache, writer);
  const types = new Set(projection.handlers.keys());
  let figures: FoldFigures = { events: 0, documents: 0, throttled: 0, bytes: 0, progress: from };
  try {
    for await (const batch of readMerged(logs, {
      from,
      to,
      types,
      ...(batchBytes !== undefined && { batchBytes }),
    })) {
      if (signal?.aborted) break;
      await folder.fold(batch.events);
      figures = figuresOf(figures.events, batch, cache, writer);
      await pace.after(batch.progress);
      options.onProgress?.(figures);
    }
    await pace.finish(figures.progress);
  } finally {
    // Nothing is left under way, whatever happened.
    await writer.drain().catch(() => undefined);
  }
  const { documents, throttled } = writer;
  return { ...figures, documents, throttled, kind: signal?.aborted === true ? 'aborted' : 'done' };
}

function figuresOf(
  before: number,
  { events, progress }: MergedEvents,
  cache: EntryCache,
  writer: WriteBack,
): FoldFigures {
  const { documents, throttled } = writer;
  return { events: before + events.length, documents, throttled, bytes: cache.bytes, progress };
}

/** Evicts and makes checkpoints, between batches. */
class Pace {
  readonly #options: FoldPartitionOptions;
  readonly #cache: EntryCache;
  readonly #writer: WriteBack;
  readonly #everyMs: number;
  #checkpoint: Checkpoint | undefined;
  #notBefore: number;
  #begun = 0;

  constructor(options: FoldPartitionOptions, cache: EntryCache, writer: WriteBack) {
    this.#options = options;
    this.#cache = cache;
    this.#writer = writer;
    this.#everyMs = options.checkpointEveryMs ?? 5000;
    this.#notBefore = performance.now() + this.#everyMs;
  }

  async after(progress: Progress): Promise<void> {
    await this.#shrink();
    const { signal } = this.#options;
    if (this.#checkpoint) await this.#advance(this.#checkpoint);
    else if (performance.now() >= this.#notBefore && signal?.aborted !== true) this.#begin(progress);
  }

  /** Writes all that is left and makes the last checkpoint. */
  async finish(progress: Progress): Promise<void> {
    const last = new Checkpoint(this.#cache, progress);
    for (;;) {
      last.pump(this.#writer);
      if (last.isHandedOver) break;
      await this.#writer.step();
    }
    await this.#writer.drain();
    await this.#options.onCheckpoint(progress);
  }

  async #shrink(): Promise<void> {
    const [cache, writer] = [this.#cache, this.#writer];
    for (;;) {
      while (writer.hasRoom) {
        const evicted = cache.evict(writer.batch);
        if (evicted.length === 0) break;
        writer.start(evicted);
      }
      writer.check();
      if (!cache.isFull || (writer.isIdle && cache.excess <= 0)) return;
      await writer.step();
    }
  }

  #begin(progress: Progress): void {
    this.#begun = performance.now();
    this.#checkpoint = new Checkpoint(this.#cache, progress);
    this.#checkpoint.pump(this.#writer);
  }

  async #advance(checkpoint: Checkpoint): Promise<void> {
    checkpoint.pump(this.#writer);
    if (!checkpoint.isHandedOver) return;
    await this.#writer.drain();
    await this.#options.onCheckpoint(checkpoint.progress);
    this.#checkpoint = undefined;
    // Hot keys are written with each checkpoint: it may take a quarter of the time, not more.
    const now = performance.now();
    this.#notBefore = now + Math.max(this.#everyMs, (now - this.#begun) * 3);
  }
}
