import type { JsonObject } from 'banyan/runtime';
import { z } from 'zod';

const actions = ['start', 'finish', 'fail', 'diff', 'promote', 'rollback', 'retire', 'skip'] as const;

/** What was done: a rebuild was started, finished or failed, generations were compared, promoted, ... an event left out. */
export type HistoryAction = (typeof actions)[number];

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
  /** The event that was left out of a parked key, or of a view that stood still; recorded before it is done. */
  readonly skipped?: { readonly key?: string; readonly eventId: string };
}

/**
 * A generation that came (`to` without `from`), went (`from` without `to`), or took the place of another; one that
 * stayed, and was changed, is both.
 */
export interface HistoryProjection {
  readonly name: string;
  readonly from?: number;
  readonly to?: number;
  /** The hash of the bundle of `to`, else of `from`; empty when it is not known any more. */
  readonly bundle: string;
}

const number = z.int().min(1);

/** The shape of a line; unknown fields are kept out. */
export const historyEntry: z.ZodType<HistoryEntry> = z.object({
  at: z.iso.datetime(),
  who: z.string().min(1),
  action: z.enum(actions),
  group: z.string(),
  projections: z.array(
    z.object({
      name: z.string(),
      from: number.exactOptional(),
      to: number.exactOptional(),
      bundle: z.string(),
    }),
  ),
  why: z.string().exactOptional(),
  forced: z.boolean().exactOptional(),
  epoch: z.int().min(1).exactOptional(),
  completed: z.boolean().exactOptional(),
  figures: z.record(z.string(), z.json()).exactOptional(),
  skipped: z.object({ key: z.string().exactOptional(), eventId: z.string() }).exactOptional(),
});
