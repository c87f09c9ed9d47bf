import type { Progress } from 'banyan/events';
import type { GenerationId, Stuck } from '../view-store.ts';

/** An event within its log: the transaction's position, and the event's index there. */
export interface EventPlace {
  readonly position: number;
  readonly index: number;
}

/** Events of one log that a projector has applied or dropped, every key of each: its word that they are done. */
export interface Receipt {
  /** `source:translation@version`. */
  readonly log: string;
  readonly places: readonly EventPlace[];
  /** Whether they were applied from the event log, since the bus was not seen to bring them. */
  readonly healed: boolean;
}

/** A receipt as the store keeps it. */
export interface KeptReceipt extends Receipt {
  readonly id: string;
}

/** Positions of a log, both inclusive. */
export interface PositionRange {
  readonly from: number;
  readonly to: number;
}

/** What the watermark tracker knows of a generation. */
export interface Tracking {
  /** Grows by one with each change, a commit of an ordered projector among them; 0 before the first. */
  readonly revision: number;
  /** For each event log, up to where the view is complete; `ViewStore.progress` gives the same. */
  readonly watermark: Progress;
  /** By log: the log time at its watermark. Absent until a tally told it. */
  readonly logTimes: Readonly<Record<string, string>>;
  /** By log: positions beyond the watermark of which every event is done; in order, apart from each other. */
  readonly done: Readonly<Record<string, readonly PositionRange[]>>;
  /** By log: events healed not long ago, the newest last, so that one which still comes by the bus is known as late. */
  readonly healed: Readonly<Record<string, readonly EventPlace[]>>;
  /** Events ever healed, and those of them that came by the bus afterwards: what is left is suspected to be lost. */
  readonly figures: { readonly healed: number; readonly late: number };
  /** The projection is parked: the key of this event cannot be told. */
  readonly parked?: Stuck;
  /** By log: events beyond the watermark that an operator left out, since their keys cannot be told. */
  readonly skipped?: Readonly<Record<string, readonly EventPlace[]>>;
}

/** What is tracked of a generation that was built up to its floor, and of which nothing else is known yet. */
export function emptyTracking(floor: Progress): Tracking {
  const figures = { healed: 0, late: 0 };
  return { revision: 0, watermark: floor, logTimes: {}, done: {}, healed: {}, figures };
}

/**
 * The part of a view store that the watermark rests on. Projectors add receipts, each an entry of its own, so that no
 * two of them wait for one another; the tracker folds them into one small record.
 */
export interface Ledger {
  // Every method throws BanyanError GENERATION_UNKNOWN when there is no such generation (any more).

  /** Keeps the receipts; call it once all writes of their events are done. */
  addReceipts(id: GenerationId, receipts: readonly Receipt[]): Promise<void>;
  /**
   * Some of the receipts, oldest first as far as the store can tell: one that is added meanwhile may come to lie before
   * `after`, and is found when it is asked for from the beginning again.
   * @param page.after the id of the last receipt before
   * @param page.limit 1 to 1000
   */
  receipts(
    id: GenerationId,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly KeptReceipt[]>;
  /** Forgets receipts; those that are gone already are passed over. */
  removeReceipts(id: GenerationId, ids: readonly string[]): Promise<void>;
  tracking(id: GenerationId): Promise<Tracking>;
  /**
   * Replaces what the tracker knows, the watermark too, in one conditional write.
   * @returns whether the revision was still `expected`; otherwise nothing was written
   */
  changeTracking(id: GenerationId, expected: number, next: Omit<Tracking, 'revision'>): Promise<boolean>;
}
