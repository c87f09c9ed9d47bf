import type { JsonObject } from 'banyan/runtime';

/** What was done: `start` a rebuild, `finish` it, ... */
export type HistoryAction = 'start' | 'finish' | 'fail' | 'diff' | 'promote' | 'rollback' | 'retire';

/** One line of the audit trail. */
export interface HistoryEntry {
  /** ISO 8601. */
  readonly at: string;
  /** `user@host`, or what BANYAN_OPERATOR says. */
  readonly who: string;
  readonly action: HistoryAction;
  readonly group: string;
  readonly projections: readonly HistoryProjection[];
  readonly why?: string;
  /** True: refusals were overruled. */
  readonly forced?: boolean;
  /** The epoch of the live pointer after it. */
  readonly epoch?: number;
  /** True: it was done by a command that was killed before it could write its line; `who` brought it to its end. */
  readonly completed?: boolean;
  /** Counts, for people. */
  readonly figures?: JsonObject;
}

/** A generation that came (`to` without `from`), went (`from` without `to`), or took the place of another. */
export interface HistoryProjection {
  readonly name: string;
  readonly from?: number;
  readonly to?: number;
  /** The hash of the bundle of `to`, else of `from`. */
  readonly bundle: string;
}
