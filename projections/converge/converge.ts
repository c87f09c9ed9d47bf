import type { DomainEvent } from 'banyan/events';
import type { FoldFailure } from '../failure.ts';
import { indexEntriesOf } from '../fold.ts';
import type { AnyProjection } from '../projection.ts';
import { nextRevision } from '../revision.ts';
import type { Document, IndexEntry, Item, ItemState, Stuck } from '../view-store.ts';
import { advance, knownOf, type Advanced, type Known } from './advance.ts';
import type { Bounds } from './bounds.ts';
import { collected } from './collect.ts';
import type { Run } from './fold-run.ts';
import { isTooLarge, isTooLong, type ConvergeLimits } from './limits.ts';
import { merged, newerThan, settledCount } from './window.ts';

/** What events made of an item. */
export type Converged =
  /** Nothing to write. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'changed'; readonly item: Item; readonly indexEntries: readonly IndexEntry[] };

const unchanged: Converged = { kind: 'unchanged' };

/** Longest message of a failure that is kept with an item, characters. */
const longestMessage = 1000;

/**
 * Folds events of one key, which come in any order and repeatedly, into its item, so that in the end its document is
 * the fold of all of them in order, each once. Pure.
 *
 * It does not fail: a key whose event cannot be applied is in doubt while an earlier event may still come and mend
 * it, and parked from then on. An item that is behind folds no event: its catch-up reads them from the event log.
 *
 * In order and settled an item is folded as by `foldInOrder`: each event once, and nothing is kept besides the
 * document. What may still be overtaken waits in the window; its base moves up behind the frontier, when that costs
 * nothing or when enough of the window has settled, so that an event is folded twice, and again for each late one.
 * @param events of the key; none: whether what waits has settled meanwhile
 */
export function converge(
  projection: AnyProjection,
  key: string,
  item: Item | undefined,
  events: readonly DomainEvent[],
  bounds: Bounds,
  limits: ConvergeLimits,
): Converged {
  if (item?.state.kind === 'behind') return behind(projection, item, item.state, events, bounds, limits);
  const known = knownOf(item?.state, item?.document, bounds);
  const all = merged(known.window, newerThan(known.base.at, events, bounds));
  const last = all.at(-1);
  if (last === undefined) return unchanged;
  const rules = { projection, key, itemBytes: limits.itemBytes };
  const next = advance(rules, known, all, settledCount(all, bounds), limits);
  const state = stateOf(known, item, all, next);
  if (state === undefined) return unchanged;
  const revision = nextRevision(item?.revision, last.logTime);
  const { document, indexEntries } = next.run;
  if (state.kind === 'open') return bounded({ projection, key, revision }, state, next.run, limits);
  return changed({ projection, key, revision }, state, document, indexEntries);
}

/** What the item has become; undefined: nothing that is worth a write. */
function stateOf(
  known: Known,
  item: Item | undefined,
  all: readonly DomainEvent[],
  next: Advanced,
): ItemState | undefined {
  const { base, moved, run } = next;
  const { failure } = run;
  if (failure && next.isConclusive)
    return { kind: 'behind', base, cause: { kind: 'parked', ...stuckOf(failure) } };
  if (moved < all.length) {
    const doubt = failure && stuckOf(failure);
    const isSame = moved === 0 && all === known.window && isSameStuck(doubt, known.doubt);
    const window = moved === 0 ? all : all.slice(moved);
    return isSame ? undefined : { kind: 'open', base, window, ...(doubt && { doubt }) };
  }
  // An open item is written once more when its window has settled; a plain one only when something changes. Removing
  // what was never there leaves nothing behind.
  const isNothing = item === undefined && run.document === undefined;
  if (item?.state.kind !== 'open' && (isNothing || !run.hasChanged)) return undefined;
  return base.at && { kind: run.document === undefined ? 'removed' : 'settled', at: base.at };
}

/** What an item is, besides its state and document. */
interface Named extends Pick<Item, 'key' | 'revision'> {
  readonly projection: AnyProjection;
}

/** An open item; one that has grown too large with its window leaves it to a catch-up. */
function bounded(
  named: Named,
  open: Extract<ItemState, { kind: 'open' }>,
  { document, indexEntries }: Run,
  limits: ConvergeLimits,
): Converged {
  const { base, window } = open;
  if (!isTooLarge({ document, state: open }, limits) && !isTooLong(window, limits))
    return changed(named, open, document, indexEntries);
  const state: ItemState = { kind: 'behind', base, cause: { kind: 'window' } };
  // A store keeps one document, not two, where they are the same.
  return isTooLarge({ document, state }, limits)
    ? changed(named, state, base.document, undefined)
    : changed(named, state, document, indexEntries);
}

/** An item that is behind keeps what comes when its catch-up has asked for it. */
function behind(
  projection: AnyProjection,
  { key, revision, document }: Item,
  before: Extract<ItemState, { kind: 'behind' }>,
  events: readonly DomainEvent[],
  bounds: Bounds,
  limits: ConvergeLimits,
): Converged {
  const state = collected(before, document, events, bounds, limits);
  if (state === undefined) return unchanged;
  return changed({ projection, key, revision: revision + 1 }, state, document, undefined);
}

/** @param indexEntries undefined: to be asked for */
function changed(
  { projection, key, revision }: Named,
  state: ItemState,
  document: Document | undefined,
  indexEntries: readonly IndexEntry[] | undefined,
): Converged {
  if (document === undefined) return { kind: 'changed', item: { key, revision, state }, indexEntries: [] };
  const item: Item = { key, revision, document, state };
  return { kind: 'changed', item, indexEntries: indexEntries ?? entriesOf(projection, document) };
}

/** Of a document that was made before: what it is indexed by could be told then, or it would not be there. */
export function entriesOf(projection: AnyProjection, document: Document): readonly IndexEntry[] {
  const found = indexEntriesOf(projection, document, { id: '', type: '' });
  return found.kind === 'entries' ? found.indexEntries : [];
}

/** What is kept of a failure. */
export function stuckOf({ eventId, code, message }: FoldFailure): Stuck {
  return { eventId, code, message: message.slice(0, longestMessage) };
}

function isSameStuck(one: Stuck | undefined, other: Stuck | undefined): boolean {
  return one?.eventId === other?.eventId && one?.code === other?.code && one?.message === other?.message;
}
