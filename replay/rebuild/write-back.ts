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
import { isBanyanError, toError } from 'banyan/runtime';
import { setTimeout as wait } from 'node:timers/promises';
import type { EntryCache } from './cache.ts';
import type { Entry } from './entry.ts';
import { isFurther, itemOf } from './entry-item.ts';

/** Where documents are written, and how fast. */
export interface WriteBackOptions {
  readonly projection: AnyProjection;
  readonly generation: GenerationId;
  readonly store: ViewStore;
  readonly cache: EntryCache;
  /** Documents a second at most. */
  readonly rate: number | undefined;
}

/** Documents of one write at most, and writes under way at once. */
const bounds = { documents: 1000, writes: 3 } as const;

/** How often a write is repeated while the store cannot be reached, and the first pause, milliseconds. */
const retries = { times: 6, pauseMs: 200 } as const;

/** Writes entries in batches, a few at a time, and notes what the store has. */
export class WriteBack {
  readonly #options: WriteBackOptions;
  readonly #writes = new Set<Promise<void>>();
  #failure: Error | undefined;
  /** When the rate allows the next write, as performance.now(). */
  #notBefore = 0;
  #documents = 0;

  constructor(options: WriteBackOptions) {
    this.#options = options;
  }

  /** Documents that one write may have. */
  get batch(): number {
    return Math.max(1, Math.min(bounds.documents, Math.floor((this.#options.rate ?? Infinity) / 4)));
  }

  /** Documents written so far. */
  get documents(): number {
    return this.#documents;
  }

  get isIdle(): boolean {
    return this.#writes.size === 0;
  }

  /** Whether a write may begin now. */
  get hasRoom(): boolean {
    return this.#writes.size < bounds.writes && performance.now() >= this.#notBefore;
  }

  /** Begins to write entries that are dirty and not being written. @throws what an earlier write failed with */
  start(entries: readonly Entry[]): void {
    this.check();
    if (entries.length === 0) return;
    const { rate } = this.#options;
    if (rate !== undefined)
      this.#notBefore = Math.max(this.#notBefore, performance.now()) + (entries.length / rate) * 1000;
    const writes = entries.map((entry) => this.#begin(entry));
    const write = this.#write(entries, writes)
      .catch((error: unknown) => void (this.#failure ??= toError(error)))
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }

  /** Waits until a write is over, or until the rate allows one. */
  async step(): Promise<void> {
    this.check();
    const paused = this.#notBefore - performance.now();
    if (this.#writes.size === 0 && paused <= 0) return;
    if (this.#writes.size >= bounds.writes || paused <= 0) await Promise.race(this.#writes);
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
    const conflicts = new Set(await this.#repeated(writes));
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

  async #repeated(writes: readonly ItemWrite[]): Promise<readonly string[]> {
    const { store, generation } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return (await store.writeMany(generation, writes)).conflicts;
      } catch (error) {
        if (attempt === retries.times || !isBanyanError(error) || !error.retryable) throw error;
        await wait(retries.pauseMs * 2 ** attempt);
      }
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
