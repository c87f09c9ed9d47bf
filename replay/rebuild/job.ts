import type { LogEnds, MergedLog, Progress } from 'banyan/events';
import type { AnyProjection, Generation, ViewStore } from 'banyan/projections';
import type { Folded, FoldFigures } from './fold-partition.ts';

/** The fold of one partition, as it can be handed to another thread. */
export interface FoldJob {
  readonly generation: Generation;
  readonly partition: number;
  readonly partitions: number;
  readonly from: Progress;
  readonly to: LogEnds;
  readonly isFresh: boolean;
  readonly cacheBytes: number;
  readonly rate: number | undefined;
  readonly checkpointEveryMs: number | undefined;
  readonly batchBytes: number | undefined;
  /** A file of the only keys that are folded; absent: all. */
  readonly affectedFile: string | undefined;
}

/** What a fold needs besides its job. */
export interface FoldParts {
  readonly projection: AnyProjection;
  readonly store: ViewStore;
  readonly logs: readonly MergedLog[];
}

/** What is heard of the folds under way. */
export interface FoldListener {
  onCheckpoint(partition: number, progress: Progress): Promise<void>;
  onProgress(partition: number, figures: FoldFigures): void;
}

/** Runs the folds of all partitions. */
export interface FoldRunner {
  /** Resolves when all have ended; when one fails, the others are ended first. */
  run(jobs: readonly FoldJob[], listener: FoldListener, signal: AbortSignal): Promise<readonly Folded[]>;
}
