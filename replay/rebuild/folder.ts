import { compareOrderKeys, type DomainEvent } from 'banyan/events';
import {
  converge,
  foldEvent,
  keysOf,
  limitsOf,
  orderKeyOf,
  projectionFailed,
  stuckOf,
  type AnyProjection,
  type Bounds,
  type FoldFailure,
  type Generation,
  type ViewStore,
} from 'banyan/projections';
import type { EntryCache } from './cache.ts';
import type { Entry, Held } from './entry.ts';
import { partitionOf } from './seen-keys.ts';

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
   * Folds a batch. A key whose event cannot be applied is parked.
   * @throws BanyanError PROJECTION_FAILED where no key can be told; errors of the store
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
      entry.load(item);
      cache.replaced(entry);
    }
  }

  #apply(entry: Entry, event: DomainEvent): void {
    const { projection, store } = this.#options;
    if (entry.held !== undefined) {
      this.#applyHeld(entry, entry.held, event);
      return;
    }
    if (entry.at !== undefined && compareOrderKeys(event, entry.at) <= 0) return;
    const step = foldEvent(projection, entry.key, entry.document, event, store.itemBytes);
    if (step.kind === 'left') return;
    if (step.kind === 'failed') {
      this.#park(entry, event, step.failure);
      return;
    }
    // Removing what was never there leaves nothing behind.
    if (step.kind === 'removed' && entry.at === undefined) return;
    entry.document = step.kind === 'document' ? step.document : undefined;
    entry.at = orderKeyOf(event);
    this.#changed(entry, event);
  }

  #park(entry: Entry, event: DomainEvent, failure: FoldFailure): void {
    entry.held = { kind: 'parked', stuck: stuckOf(failure), logTime: event.logTime };
    this.#changed(entry, event);
  }

  /** Events come here in order, so that everything up to this one has settled. */
  #applyHeld(entry: Entry, held: Held, event: DomainEvent): void {
    if (held.kind === 'parked') return;
    const { projection, store } = this.#options;
    const made = converge(projection, entry.key, held.item, [event], inOrderUpTo(event), limitsOf(store));
    if (made.kind === 'unchanged') return;
    entry.become(made.item, made.indexEntries);
    this.#changed(entry, event);
  }

  #changed(entry: Entry, { type, version }: DomainEvent): void {
    const { projection, cache } = this.#options;
    entry.version = version;
    // The declaration's text, so that none of the event's is kept.
    if (entry.type !== type) entry.type = projection.handlers.get(type)?.event.type ?? type;
    entry.dirty = true;
    cache.replaced(entry);
  }
}

/** What is known once a log is read in order, up to this event. */
function inOrderUpTo(event: DomainEvent): Bounds {
  return {
    isCovered: () => false,
    isSettled: (at) => compareOrderKeys(at, event) <= 0,
    nothingBefore: undefined,
  };
}
