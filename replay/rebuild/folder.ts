import { compareOrderKeys, type DomainEvent } from 'banyan/events';
import {
  foldEvent,
  keysOf,
  orderKeyOf,
  projectionFailed,
  type AnyProjection,
  type Generation,
  type ViewStore,
} from 'banyan/projections';
import type { EntryCache } from './cache.ts';
import type { Entry } from './entry.ts';
import { partitionOf } from './seen-keys.ts';
import { placeOf } from './write-back.ts';

/** Which keys are folded. */
export interface KeyChoice {
  /** From 0. */
  readonly partition: number;
  readonly partitions: number;
  /** Absent: all of the partition. */
  readonly only?: ((key: string) => boolean) | undefined;
}

/** What a folder needs. */
export interface FolderOptions extends KeyChoice {
  readonly projection: AnyProjection;
  readonly generation: Generation;
  readonly store: ViewStore;
  readonly cache: EntryCache;
}

/** Folds batches of events, which come in order key order, onto the entries of a cache. */
export class Folder {
  readonly #options: FolderOptions;
  /** An entry for each key of each event of the batch, with the event beside it; kept to be used again. */
  readonly #entries: Entry[] = [];
  readonly #events: DomainEvent[] = [];

  constructor(options: FolderOptions) {
    this.#options = options;
  }

  /**
   * Folds a batch.
   * @throws BanyanError PROJECTION_FAILED; errors of the store
   */
  async fold(events: readonly DomainEvent[]): Promise<void> {
    const unknown = this.#route(events);
    if (unknown.length > 0) await this.#load(unknown);
    for (let at = 0; at < this.#entries.length; at += 1) {
      const [entry, event] = [this.#entries[at], this.#events[at]];
      if (entry && event) this.#apply(entry, event);
    }
    this.#entries.length = 0;
    this.#events.length = 0;
  }

  /** Finds the entry of each key; gives the new ones that must be read from the store. */
  #route(events: readonly DomainEvent[]): Entry[] {
    const { projection, generation, cache, partition, partitions, only } = this.#options;
    const unknown: Entry[] = [];
    for (const event of events) {
      const found = keysOf(projection, event);
      if (found.kind === 'failed') throw projectionFailed(generation, found.failure);
      for (const key of found.keys) {
        if (partitions > 1 && partitionOf(key, partitions) !== partition) continue;
        if (only && !only(key)) continue;
        let entry = cache.use(key);
        if (!entry) {
          const mayBeStored = cache.mayBeStored(key);
          entry = cache.add(key);
          if (mayBeStored) unknown.push(entry);
        }
        this.#entries.push(entry);
        this.#events.push(event);
      }
    }
    return unknown;
  }

  async #load(unknown: readonly Entry[]): Promise<void> {
    const { store, generation, cache } = this.#options;
    const items = await store.readMany(
      generation,
      unknown.map(({ key }) => key),
    );
    for (const entry of unknown) {
      const item = items.get(entry.key);
      if (!item) continue;
      entry.load(item, placeOf(generation, item));
      cache.replaced(entry);
    }
  }

  #apply(entry: Entry, event: DomainEvent): void {
    const { projection, generation, cache } = this.#options;
    if (entry.at !== undefined && compareOrderKeys(event, entry.at) <= 0) return;
    const step = foldEvent(projection, entry.key, entry.document, event);
    if (step.kind === 'left') return;
    if (step.kind === 'failed') throw projectionFailed(generation, step.failure, entry.key);
    // Removing what was never there leaves nothing behind.
    if (step.kind === 'removed' && entry.at === undefined) return;
    entry.document = step.kind === 'document' ? step.document : undefined;
    entry.at = orderKeyOf(event);
    entry.version = event.version;
    // The declaration's text, so that none of the event's is kept.
    if (entry.type !== event.type) entry.type = projection.handlers.get(event.type)?.event.type ?? event.type;
    entry.dirty = true;
    cache.replaced(entry);
  }
}
