import type { DomainEvent } from 'banyan/events';
import type { FoldFailure } from '../failure.ts';
import { foldEvent } from '../fold.ts';
import { deepFreeze } from '../frozen.ts';
import type { AnyProjection } from '../projection.ts';
import type { Document, IndexEntry } from '../view-store.ts';

/** What a key's events are folded by. */
export interface FoldRules {
  readonly projection: AnyProjection;
  readonly key: string;
  /** The most that a document may take, bytes of compact JSON. Absent: no limit. */
  readonly itemBytes: number | undefined;
}

/** What a run of events came to. */
export interface Run {
  /** The document after `folded` events. */
  readonly document: Document | undefined;
  /** Those of the document; undefined when no event made one: it is as it was before. */
  readonly indexEntries: readonly IndexEntry[] | undefined;
  /** Events folded: all, or those before the one that failed. */
  readonly folded: number;
  /** The document after the marked number of events, or where the run ended before. */
  readonly marked: Document | undefined;
  /** Whether any event wanted the document changed. */
  readonly hasChanged: boolean;
  readonly failure?: FoldFailure;
}

/**
 * Folds events, which are in order, onto a document up to the first that fails. Pure.
 * @param mark after how many events the document is wanted too
 */
export function foldRun(
  { projection, key, itemBytes }: FoldRules,
  from: Document | undefined,
  events: readonly DomainEvent[],
  mark: number,
): Run {
  let document = deepFreeze(from);
  let indexEntries: readonly IndexEntry[] | undefined;
  let marked = document;
  let hasChanged = false;
  let folded = 0;
  for (const event of events) {
    const step = foldEvent(projection, key, document, event, itemBytes);
    if (step.kind === 'failed')
      return { document, indexEntries, folded, marked, hasChanged, failure: step.failure };
    folded += 1;
    if (step.kind !== 'left') {
      document = step.kind === 'document' ? step.document : undefined;
      indexEntries = step.kind === 'document' ? step.indexEntries : [];
      hasChanged = true;
    }
    if (folded <= mark) marked = document;
  }
  return { document, indexEntries, folded, marked, hasChanged };
}
