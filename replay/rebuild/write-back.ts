import { eventId } from 'banyan/events';
import {
  indexEntriesOf,
  projectionFailed,
  type AnyProjection,
  type GenerationId,
  type IndexEntry,
  type ItemWrite,
  type ViewStore,
} from 'banyan/projections';
import { toError } from 'banyan/runtime';
import { setTimeout as wait } from 'node:timers/promises';
import type { EntryCache } from './cache.ts';
import type { Entry } from './entry.ts';
import { isFurther, itemOf } from './entry-item.ts';
import { PacedWriter } from './paced-writer.ts';

/** Where documents are written, and how fast. */
export interface WriteBackOptions {
  readonly projection: AnyProjection;
  readonly generation: GenerationId;
  readonly store: ViewStore;
  readonly cache: EntryCache;
  /** Documents a second at most. */
  readonly rate: number | undefined;
}

/** Writes under way at once. */
const mostWrites = 3;

/** Writes entries in batches, a few at a time, and notes what the store has. */
export class WriteBack {
  readonly #options: WriteBackOptions;
  readonly #writes = new Set<Promise<void>>();
  readonly #paced: PacedWriter;
  #failure: Error | undefined;
  #documents = 0;

  constructor(options: WriteBackOptions) {
    this.#options = options;
    this.#paced = new PacedWriter(options);
  }

  /** Documents that one write may have. */
  get batch(): number {
    return this.#paced.batch;
  }

  /** Documents written so far. */
  get documents(): number {
    return this.#documents;
  }

  /** How often the store refused a part of a write since it was asked for too much. */
  get throttled(): number {
    return this.#paced.throttled;
  }

  get isIdle(): boolean {
    return this.#writes.size === 0;
  }

  /** Whether a write may begin now. */
  get hasRoom(): boolean {
    return this.#writes.size < mostWrites && this.#paced.pauseMs === 0;
  }

  /** Begins to write entries that are dirty and not being written. @throws what an earlier write failed with */
  start(entries: readonly Entry[]): void {
    this.check();
    if (entries.length === 0) return;
    const writes = entries.map((entry) => this.#begin(entry));
    const write = this.#write(entries, writes)
      .catch((error: unknown) => void (this.#failure ??= toError(error)))
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }

  /** Waits until a write is over, or until the rate allows one. */
  async step(): Promise<void> {
    this.check();
    const paused = this.#paced.pauseMs;
    if (this.#writes.size === 0 && paused === 0) return;
    if (this.#writes.size >= mostWrites || paused === 0) await Promise.race(this.#writes);
    else await wait(Math.min(paused, 100));
    this.check();
  }

  /** Waits for all writes under way. */
  async drain(): Promise<void> {
    await Promise.all(this.#writes);
    this.check();
  }

  check(): void {
    if (this.#failure) throw this.#failure;
  }

  #begin(entry: Entry): ItemWrite {
    entry.dirty = false;
    entry.writing = true;
    return { item: itemOf(entry), expected: entry.stored, indexEntries: this.#indexEntriesOf(entry) };
  }

  #indexEntriesOf({ key, at, document, held, version, type }: Entry): readonly IndexEntry[] {
    if (held?.kind === 'whole') return held.indexEntries;
    if (document === undefined || at === undefined) return [];
    const { projection, generation } = this.#options;
    const id = eventId({ ...at, version }, at.position, at.index);
    const indexed = indexEntriesOf(projection, document, { id, type });
    // Every document was asked when it was made: the index answers now this, now that.
    if (indexed.kind === 'failed') throw projectionFailed(generation, indexed.failure, key);
    return indexed.indexEntries;
  }

  async #write(entries: readonly Entry[], writes: readonly ItemWrite[]): Promise<void> {
    const conflicts = new Set(await this.#paced.write(writes));
    this.#documents += entries.length - conflicts.size;
    const lost: Entry[] = [];
    entries.forEach((entry, at) => {
      entry.writing = false;
      if (conflicts.has(entry.key)) lost.push(entry);
      else entry.stored = writes[at]?.item.revision;
    });
    if (lost.length > 0) await this.#reconcile(lost);
    const { cache } = this.#options;
    for (const entry of entries) {
      if (!entry.leaving) continue;
      if (entry.dirty) cache.keep(entry);
      else cache.forget(entry);
    }
  }

  /**
   * Another writer was there: the last statement of a killed rebuild, or a write of ours whose answer was lost. Whoever
   * has folded further is right, since both run the same code over the same log.
   */
  async #reconcile(lost: readonly Entry[]): Promise<void> {
    const { store, generation } = this.#options;
    const items = await store.readMany(
      generation,
      lost.map(({ key }) => key),
    );
    for (const entry of lost) {
      const item = items.get(entry.key);
      entry.stored = item?.revision;
      entry.dirty = true;
      if (!item || !isFurther(item.state, itemOf(entry).state)) continue;
      entry.load(item);
      entry.dirty = false;
    }
  }
}
