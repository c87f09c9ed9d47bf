import type { DomainEvent } from 'banyan/events';
import { orderKeyOf } from '../fold.ts';
import type { Base, Document, ItemState, Stuck } from '../view-store.ts';
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
  /** From the base or from the document: its end is that of all events, or of those before the one that fails. */
  readonly run: Run;
  /** The base, moved over as many of the events as `moved`. */
  readonly base: Base;
  readonly moved: number;
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
  const isInOrder = window.length > 0 && all[window.length - 1] === window.at(-1);
  if (!isInOrder || doubt !== undefined) {
    const run = foldRun(rules, base.document, all, settled);
    const moved = Math.min(settled, run.folded);
    return { run, base: movedTo(base, all, moved, run.marked), moved, isConclusive: run.folded < settled };
  }
  const run = foldRun(rules, document, all.slice(window.length), settled - window.length);
  if (settled >= window.length) {
    const at = window.length + run.folded;
    const moved = Math.min(settled, at);
    return { run, base: movedTo(base, all, moved, run.marked), moved, isConclusive: at < settled };
  }
  // What is in doubt is folded from the base again and again.
  const isWorth =
    run.failure !== undefined || settled > enough || settled * 2 >= all.length || isTooLong(all, limits);
  if (!isWorth) return { run, base, moved: 0, isConclusive: false };
  // For nothing, had it waited until all of the window has settled.
  const { folded, document: settledDocument } = foldRun(rules, base.document, all.slice(0, settled), 0);
  return { run, base: movedTo(base, all, folded, settledDocument), moved: folded, isConclusive: false };
}

/** The base behind as many of the events, whose fold is the document. */
function movedTo(
  base: Base,
  all: readonly DomainEvent[],
  moved: number,
  document: Document | undefined,
): Base {
  const last = moved === 0 ? undefined : all[moved - 1];
  return last === undefined ? base : { document, at: orderKeyOf(last) };
}
