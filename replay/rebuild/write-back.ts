import { compareOrderKeys, eventId, type OrderKey } from 'banyan/events';
import {
  indexEntriesOf,
  itemUnsettled,
  nextRevision,
  projectionFailed,
  type AnyProjection,
  type GenerationId,
  type Item,
  type ItemWrite,
  type ViewStore,
} from 'banyan/projections';
import { isBanyanError, toError } from 'banyan/runtime';
import { setTimeout as wait } from 'node:timers/promises';
import type { EntryCache } from './cache.ts';
import type { Entry } from './entry.ts';

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
    const { key, at, document, stored } = entry;
    if (at === undefined) throw new TypeError('an entry without a place was to be written');
    const base = { key, revision: nextRevision(stored, at.logTime) };
    if (document === undefined)
      return { item: { ...base, state: { kind: 'removed', at } }, expected: stored, indexEntries: [] };
    const { projection, generation } = this.#options;
    const id = eventId({ ...at, version: entry.version }, at.position, at.index);
    const indexed = indexEntriesOf(projection, document, { id, type: entry.type });
    if (indexed.kind === 'failed') throw projectionFailed(generation, indexed.failure, key);
    const item: Item = { ...base, document, state: { kind: 'settled', at } };
    return { item, expected: stored, indexEntries: indexed.indexEntries };
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
      if (!item) continue;
      const at = placeOf(generation, item);
      if (entry.at !== undefined && compareOrderKeys(at, entry.at) <= 0) continue;
      entry.load(item, at);
      entry.dirty = false;
    }
  }
}

/** Up to where an item is folded. @throws BanyanError ITEM_UNSETTLED */
export function placeOf(generation: GenerationId, item: Item): OrderKey {
  const { state } = item;
  if (state.kind === 'settled' || state.kind === 'removed') return state.at;
  throw itemUnsettled(generation, item);
}
