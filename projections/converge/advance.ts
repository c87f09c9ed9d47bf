import type { DomainEvent } from 'banyan/events';
import type { FoldFailure } from '../failure.ts';
import { orderKeyOf } from '../fold.ts';
import type { Base, Document, IndexEntry, ItemState, Stuck } from '../view-store.ts';
import type { Bounds } from './bounds.ts';
import { foldRun, type FoldRules, type Run } from './fold-run.ts';
import { isTooLong, type ConvergeLimits } from './limits.ts';

/** An item as something to go on with. */
export interface Known {
  readonly base: Base;
  readonly window: readonly DomainEvent[];
  /** The window folded onto the base, up to the event in doubt. */
  readonly document: Document | undefined;
  readonly doubt: Stuck | undefined;
}

/** The item with what came folded into it. */
export interface Advanced {
  /** The base, moved over as many of the events as `moved`. */
  readonly base: Base;
  readonly moved: number;
  /** The fold of all events, or of those before the one that fails. */
  readonly document: Document | undefined;
  /** Those of the document; undefined when no event made one: it is as it was. */
  readonly indexEntries: readonly IndexEntry[] | undefined;
  /** Whether an event wanted the document changed. */
  readonly hasChanged: boolean;
  readonly failure: FoldFailure | undefined;
  /** Whether the event that fails is one that no other can overtake any more. */
  readonly isConclusive: boolean;
}

/** From how many settled events on the base moves up though it costs folding them again. */
const enough = 16;

/** What is known of a key. @param state undefined: there is no item */
export function knownOf(
  state: Exclude<ItemState, { kind: 'behind' }> | undefined,
  document: Document | undefined,
  { nothingBefore }: Bounds,
): Known {
  switch (state?.kind) {
    case undefined:
      return plain({ document: undefined, at: nothingBefore });
    case 'settled':
    case 'removed':
      return plain({ document, at: state.at });
    case 'open':
      return { base: state.base, window: state.window, document, doubt: state.doubt };
  }
}

function plain(base: Base): Known {
  return { base, window: [], document: base.document, doubt: undefined };
}

/**
 * Folds what came and moves the base up.
 * @param all the window with what came, in order
 * @param settled how many of them no other can overtake any more
 */
export function advance(
  rules: FoldRules,
  known: Known,
  all: readonly DomainEvent[],
  settled: number,
  limits: ConvergeLimits,
): Advanced {
  const { base, window, document, doubt } = known;
  const isLate = all[window.length - 1] !== window.at(-1);
  if (window.length === 0 || isLate || doubt !== undefined) {
    const run = foldRun(rules, base.document, all, settled);
    return advanced(run, moved(base, all, Math.min(settled, run.folded), run.marked), run.folded < settled);
  }
  const more = all.slice(window.length);
  const run = foldRun(rules, document, more, settled - window.length);
  const at = window.length + run.folded;
  if (settled >= window.length)
    return advanced(run, moved(base, all, Math.min(settled, at), run.marked), at < settled);
  // What is in doubt is folded from the base again and again.
  const isWorth =
    run.failure !== undefined || settled > enough || settled * 2 >= all.length || isTooLong(all, limits);
  return advanced(run, isWorth ? movedUp(rules, base, all, settled) : { base, moved: 0 }, false);
}

function advanced(
  { document, indexEntries, hasChanged, failure }: Run,
  to: Pick<Advanced, 'base' | 'moved'>,
  isConclusive: boolean,
): Advanced {
  return { ...to, document, indexEntries, hasChanged, failure, isConclusive };
}

/** Folds the settled part of the window again. It would be for nothing once all of the window has settled. */
function movedUp(
  rules: FoldRules,
  base: Base,
  all: readonly DomainEvent[],
  settled: number,
): Pick<Advanced, 'base' | 'moved'> {
  const { folded, document } = foldRun(rules, base.document, all.slice(0, settled), 0);
  return moved(base, all, folded, document);
}

function moved(
  base: Base,
  all: readonly DomainEvent[],
  count: number,
  document: Document | undefined,
): Pick<Advanced, 'base' | 'moved'> {
  const last = all[count - 1];
  return last === undefined ? { base, moved: 0 } : { base: { document, at: orderKeyOf(last) }, moved: count };
}
