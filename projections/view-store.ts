import type { Closeable, JsonObject } from 'banyan/runtime';
import type { DomainEvent, EventLogRef, OrderKey, Progress } from 'banyan/events';
import type { Ledger, Receipt } from './tracker/ledger.ts';

/** A stored document. */
export type Document = JsonObject;

/** One build of a projection's view. */
export interface GenerationId {
  readonly projection: string;
  /** From 1. */
  readonly number: number;
}

/** What a generation is doing. */
export type GenerationState =
  /**
   * It is folded from its event logs. What a subscription brings already is dropped, since the logs have it. `heard`: the
   * id of the probe that came through the subscription last.
   */
  | { readonly kind: 'building'; readonly heard?: string }
  /** Its floor is about to be fixed, and nobody knows it: what a subscription brings now has to come again. */
  | { readonly kind: 'opening' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'live' }
  | { readonly kind: 'retired'; readonly at: string }
  | { readonly kind: 'failed'; readonly why: string };

/** A secondary index of a view: documents of one partition, ordered by sort and then by key. */
export interface IndexSpec {
  readonly name: string;
}

/** A generation as the registry keeps it. */
export interface Generation extends GenerationId {
  readonly state: GenerationState;
  /** The hash of the bundle that builds it. */
  readonly bundle: string;
  /** The event logs that feed it; each names the version of its translation. */
  readonly logs: readonly EventLogRef[];
  /** For each event log, the position up to which it was built from the log: events at or below are duplicates. */
  readonly floor: Progress;
  readonly indexes: readonly IndexSpec[];
  /** ISO 8601. */
  readonly createdAt: string;
}

/** What a window begins from: the document as of an order key. Absent key: nothing was applied yet. */
export interface Base {
  readonly document: Document | undefined;
  readonly at: OrderKey | undefined;
}

/**
 * Where an item stands. A settled item is a plain document and its last event's order key; only disorder makes it
 * cost more.
 */
export type ItemState =
  /** `document` is the fold of everything up to `at`. */
  | { readonly kind: 'settled'; readonly at: OrderKey }
  /**
   * Recent events may still be overtaken: `document` is `base` with `window`, which is in order, folded onto it; up to
   * the event in doubt, where there is one.
   */
  | {
      readonly kind: 'open';
      readonly base: Base;
      readonly window: readonly DomainEvent[];
      readonly doubt?: Stuck;
    }
  /**
   * Waits for a catch-up from the event log: its window grew too long, or one of its events cannot be applied. Its
   * events are dropped, since the log has them; kept where a catch-up is nearly at the log's end.
   */
  | { readonly kind: 'behind'; readonly base: Base; readonly cause: BehindCause; readonly kept?: Kept }
  /** A tombstone: the document was removed by the event at `at`. It has no document. */
  | { readonly kind: 'removed'; readonly at: OrderKey };

/** An event that cannot be applied, and why. */
export interface Stuck {
  readonly eventId: string;
  /** As {@link FoldFailure}'s, or DOCUMENT_TOO_LARGE. */
  readonly code: string;
  /** Names no values of the document. */
  readonly message: string;
}

/** What came for an item that is behind since its catch-up asked it to keep what comes. */
export interface Kept {
  /** The item's revision when it was asked: nothing that came since then was dropped. */
  readonly since: number;
  /** In order. */
  readonly events: readonly DomainEvent[];
}

/** Why an item is behind: its window grew too long, or an event that no other can overtake any more is stuck. */
export type BehindCause = { readonly kind: 'window' } | ({ readonly kind: 'parked' } & Stuck);

/**
 * What an item asks of somebody: a look once the frontier has passed the event in doubt, a catch-up from the event
 * log, or an operator.
 */
export type Trouble = 'doubt' | 'window' | 'parked';

/** What the store keeps under (generation, key). */
export interface Item {
  readonly key: string;
  /**
   * Grows with every write of the key and never repeats, not even after a tombstone was purged: an ETag rests on it.
   * The writer makes it by `nextRevision`.
   */
  readonly revision: number;
  /** Absent before the first document and after a removal. */
  readonly document?: Document;
  readonly state: ItemState;
}

/** Where an item stands in an index. */
export interface IndexEntry {
  readonly index: string;
  readonly partition: string;
  /** Encoded so that text order (by code unit) is the order of the values; see `index-key.ts`. */
  readonly sort: string;
}

/** One conditional write: it happens only if the stored revision is still `expected` (undefined: there is no item). */
export interface ItemWrite {
  readonly item: Item;
  readonly expected: number | undefined;
  readonly indexEntries: readonly IndexEntry[];
  /**
   * Of a write that creates an item: by log, the least position of the events that made it. It is a conflict when the
   * watermark covers one of them by then: the events were applied, and what they made is gone, its tombstone purged.
   */
  readonly madeOf?: Progress;
}

/** What became of a batch of writes. */
export interface WriteOutcome {
  /** Keys whose stored revision was another one; read again and fold again. */
  readonly conflicts: readonly string[];
  /**
   * How often the store refused a part of the write since more was asked of it than it takes; it was tried again until
   * it was done. Who can wait writes less from then on, so that others get through. Absent: not once.
   */
  readonly throttled?: number;
}

/** A page of items; `next` continues behind it and is absent at the end. */
export interface Page {
  readonly items: readonly Item[];
  readonly next?: string;
}

/** A question to an index. */
export interface IndexQuery {
  readonly index: string;
  readonly partition: string;
  /** Encoded sort bounds, both inclusive. */
  readonly sortFrom?: string;
  readonly sortTo?: string;
  readonly order?: 'ascending' | 'descending';
  /** 1 to 1000. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string;
}

/** Which generations of a group's projections are live; changed by one conditional write. */
export interface LivePointer {
  /** Grows with every change, on roll back too. */
  readonly epoch: number;
  /** Projection name to generation number. */
  readonly live: Readonly<Record<string, number>>;
  /** By projection, what the moves left behind; a projection that only ever had one generation has none. */
  readonly past?: Readonly<Record<string, PointerPast>>;
}

/**
 * What a live pointer remembers of a projection, so that one conditional write decides who may be live next, what a
 * roll back returns to, and what is gone for good.
 */
export interface PointerPast {
  /** The move that made the live generation live. */
  readonly last?: { readonly action: 'promote' | 'rollback'; readonly epoch: number; readonly from: number };
  /** Generations that were live before, the most recent last. */
  readonly before: readonly number[];
  /** Generations that are retired, or are being: none of them comes back, and their numbers are not given again. */
  readonly retired: readonly number[];
}

/**
 * Where views are kept, as a port. Adapters: memory, Postgres, DynamoDB; each passes the contract suite in
 * `view-store.contract.ts`.
 */
export interface ViewStore extends Ledger, Closeable {
  /**
   * The most that an item may take as compact JSON: document, base and window together, bytes, as `itemSize` counts.
   * Absent: no limit.
   */
  readonly itemBytes?: number;
  /**
   * Items that a new generation takes a second at first, where the store bounds that: an item of more than 1 KiB counts
   * for each begun KiB. Absent: as many as its machine takes.
   */
  readonly writeUnitsPerSecond?: number;
  /** Whether `query` may find items by their indexes a moment later than `readMany` finds them by their keys. */
  readonly hasEventualIndexes?: true;
  /** Makes what the store needs (tables, schemas); may be called by several processes at once, again and again. */
  prepare(): Promise<void>;

  /**
   * Creates a generation's storage and registers it; returns the registered one when it is there already. Its progress
   * begins at its floor.
   */
  createGeneration(generation: Generation): Promise<Generation>;
  generations(projection: string): Promise<readonly Generation[]>;
  /** @throws BanyanError GENERATION_CONFLICT when its state is not `expected` any more. */
  changeGeneration(
    id: GenerationId,
    expected: GenerationState['kind'],
    changed: Pick<Generation, 'state' | 'floor'>,
  ): Promise<void>;
  /** Removes a generation's storage and its entry. */
  dropGeneration(id: GenerationId): Promise<void>;

  pointer(group: string): Promise<LivePointer | undefined>;
  /** @throws BanyanError POINTER_CONFLICT when the epoch is not `expectedEpoch` any more (0: there is none). */
  movePointer(
    group: string,
    expectedEpoch: number,
    live: LivePointer['live'],
    /** Absent: as it is. */
    past?: LivePointer['past'],
  ): Promise<LivePointer>;

  // Every method below throws BanyanError GENERATION_UNKNOWN when there is no such generation (any more).

  /** The items of those keys that are there. Any number of keys; the adapter splits. Do not write into them. */
  readMany(id: GenerationId, keys: readonly string[]): Promise<ReadonlyMap<string, Item>>;
  /**
   * Writes each item whose condition holds; one key at most once.
   * @throws BanyanError WRITE_INVALID before anything is written (see `item-rules.ts`); DOCUMENT_NOT_STORABLE for what
   *   this store cannot hold; INDEX_UNKNOWN
   */
  writeMany(
    id: GenerationId,
    writes: readonly ItemWrite[],
    /** Kept once all items are written, as by `addReceipts`; none of them is when there is a conflict. */
    receipts?: readonly Receipt[],
  ): Promise<WriteOutcome>;

  /** How far the generation has come: on an ordered bus its cursors, on an unordered one its watermark. */
  progress(id: GenerationId): Promise<Progress>;

  /**
   * @throws BanyanError CURSOR_INVALID when `after` is not a cursor of this generation, index and partition;
   *   INDEX_UNKNOWN when the generation was built without the index; PAGE_LIMIT_INVALID
   */
  query(id: GenerationId, query: IndexQuery): Promise<Page>;
  /** All items in key order (code unit order), tombstones included. */
  scan(id: GenerationId, page: { readonly after?: string; readonly limit: number }): Promise<Page>;
  /** How many documents there are (tombstones are none). */
  count(id: GenerationId): Promise<number>;
  /** Items in some trouble, in key order. */
  troubled(
    id: GenerationId,
    trouble: Trouble,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<Page>;
  /** How many items are in some trouble, without reading them. @param most counts no further; default: all */
  countTroubled(id: GenerationId, trouble: Trouble, most?: number): Promise<number>;
  /**
   * Removes tombstones whose log time is before the given one, and open items without a document whose newest event's
   * is, unless one is in doubt; returns how many.
   */
  purgeRemoved(id: GenerationId, before: string): Promise<number>;
}

/** A store that can write documents and cursors in one transaction: what an ordered, local subscription rests on. */
export interface AtomicViewStore extends ViewStore {
  /**
   * Writes all items and the progress, or nothing: when the outcome has conflicts, nothing was written.
   * @throws BanyanError PROGRESS_CONFLICT when the stored progress is not `expected`: another projector runs.
   */
  commit(
    id: GenerationId,
    batch: { readonly writes: readonly ItemWrite[]; readonly expected: Progress; readonly next: Progress },
  ): Promise<WriteOutcome>;
}
