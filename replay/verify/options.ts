import type { Source } from 'banyan/cdc';
import type { AnyProjection, Generation, Reconciliation, ViewStore } from 'banyan/projections';
import type { Feed } from './feed.ts';
import type { Findings } from './findings.ts';

/** What a verification is doing. */
export interface VerifyProgress {
  readonly stage: 'snapshot' | 'capture' | 'view' | 'comparing' | 'rechecking';
  /** Documents compared so far. */
  readonly documents: number;
  readonly differing: number;
}

/** What to verify. */
export interface VerifyOptions {
  readonly store: ViewStore;
  /** Live, or ready: something must feed it. */
  readonly generation: Generation;
  /** The code that makes the generation. */
  readonly projection: AnyProjection;
  readonly reconciliation: Reconciliation;
  /** The reconciliation's source. */
  readonly source: Source;
  /** The environment's directory, where the logs are; they are written meanwhile. */
  readonly directory: string;
  /** How long to wait for each of: the snapshot, the capture, the view. Milliseconds; default 60,000. */
  readonly timeoutMs?: number;
  /** Differences that are listed; default 100. */
  readonly limit?: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: VerifyProgress) => void;
}

/** One verification under way. */
export interface Verifying extends VerifyOptions {
  readonly feed: Feed;
  readonly findings: Findings;
  readonly timeoutMs: number;
}

/** Says how far it is. */
export function tell({ onProgress, findings }: Verifying, stage: VerifyProgress['stage']): void {
  onProgress?.({ stage, documents: findings.documents, differing: findings.differing });
}
