import type { EventLogRef, Progress } from 'banyan/events';
import type { LivePointer, ViewStore } from 'banyan/projections';
import type { Clock } from 'banyan/runtime';
import type { LogHeads } from '../log-heads.ts';

/** What every operation on the generations of a group needs. */
export interface OperationOptions {
  readonly store: ViewStore;
  /** The environment's directory: comparisons, history, event logs. */
  readonly directory: string;
  readonly group: string;
  /** Who is told in the audit trail; default BANYAN_OPERATOR, else `user@host`. */
  readonly who?: string;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/** What a change of the live generations needs. */
interface MoveOptions extends OperationOptions {
  /** Names of projections of the group; they move together or not at all. */
  readonly projections: readonly string[];
  /** Told in the audit trail. */
  readonly why?: string;
  /** Up to where the event logs are durable; default: their directories are read. */
  readonly heads?: LogHeads;
  /** Milliseconds to wait for a generation that is behind; default 30,000. */
  readonly timeoutMs?: number;
  readonly onProgress?: (waiting: MoveWaiting) => void;
}

/** What a promotion needs. */
export interface PromoteOptions extends MoveOptions {
  /** The generation to promote, by projection. Default: the newest that is not live and was not retired. */
  readonly generations?: Readonly<Record<string, number>>;
  /**
   * Promotes without a comparison, with unexplained differences, or with keys parked that were not; needs `why`. Nothing
   * else is waived.
   */
  readonly force?: boolean;
}

/** What a roll back needs. */
export type RollbackOptions = MoveOptions;

/** Waiting for a generation to catch up. */
export interface MoveWaiting {
  readonly projection: string;
  readonly generation: number;
  readonly progress: Progress;
  /** Up to where it must come. */
  readonly wanted: Progress;
}

/** One projection's change. */
export interface Move {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** The hash of the bundle of `to`. */
  readonly bundle: string;
}

/** Why something is refused; `code` is stable. */
export interface Refusal {
  readonly code: string;
  readonly projection: string;
  readonly message: string;
}

/** What a promotion or roll back would do; nothing was changed. */
export interface MovePlan {
  readonly group: string;
  readonly epoch: number;
  readonly moves: readonly Move[];
  /** Empty: it would be done. REPLAY_BEHIND among them may pass by waiting. */
  readonly refusals: readonly Refusal[];
  /** True: the same command was killed after the pointer had moved; it would be brought to its end. */
  readonly completes: boolean;
}

/** What was done. */
export interface MoveResult {
  readonly group: string;
  readonly action: 'promote' | 'rollback';
  readonly pointer: LivePointer;
  readonly moves: readonly Move[];
  /** True: the pointer had been moved by a command that was killed; this one brought it to its end. */
  readonly completed: boolean;
}

/** What retiring needs. */
export interface RetireOptions extends OperationOptions {
  readonly projection: string;
  readonly generation: number;
  readonly why?: string;
  /** Every projection of the project, of all groups: any of them may need an event log. */
  readonly allProjections: readonly string[];
  /** Event logs that are needed whoever reads them: those of the translations as the code has them now. */
  readonly keep?: readonly EventLogRef[];
  /**
   * The event logs that are being translated, to be told which of them nobody reads any more; default: those of the
   * generation, which are not known any more when it was dropped already.
   */
  readonly registered?: readonly EventLogRef[];
}

/** What retiring would do. */
export interface RetirePlan {
  readonly projection: string;
  readonly generation: number;
  /** Documents that would be dropped; undefined when the storage is gone already. */
  readonly documents: number | undefined;
  readonly refusals: readonly Refusal[];
  /** See {@link RetireResult}. */
  readonly translationsNoLongerNeeded: readonly EventLogRef[];
}

/** What was retired. */
export interface RetireResult {
  readonly projection: string;
  readonly generation: number;
  readonly documents: number | undefined;
  /** Event logs of the generation that no other, unretired generation reads: their translations may be retired. */
  readonly translationsNoLongerNeeded: readonly EventLogRef[];
}
