import { isBanyanError } from 'banyan/runtime';
import { isOfAnItem, isRetryable } from '../projector-errors.ts';

/** What to do with a chunk that was not applied. */
export type ChunkFailure =
  /** Its events come again, and all others: nothing else would fare better now. */
  | 'stop'
  /** One of its items is to blame: the others are applied without it. */
  | 'split'
  /** The projection is parked: the events wait in the event log. */
  | 'parked';

/** Tells it by the error. Pure. */
export function chunkFailureOf(error: unknown): ChunkFailure {
  if (isBanyanError(error, 'PROJECTION_FAILED')) return 'parked';
  if (isRetryable(error)) return 'stop';
  return isOfAnItem(error) ? 'split' : 'stop';
}
