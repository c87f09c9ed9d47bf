import type { DomainEvent } from 'banyan/events';
import type { FoldFailure } from '../failure.ts';
import { indexEntriesOf, orderKeyOf } from '../fold.ts';
import type { AnyProjection } from '../projection.ts';
import { nextRevision } from '../revision.ts';
import type { Document, IndexEntry, Item, ItemState, Stuck } from '../view-store.ts';
import { advance, knownOf, type Advanced, type Known } from './advance.ts';
import type { Bounds } from './bounds.ts';
import { collected } from './collect.ts';
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
  const kept = bounded(state, next, limits);
  const revision = nextRevision(item?.revision, last.logTime);
  return changed(projection, { key, revision, state: kept.state }, kept);
}

/** What the item has become; undefined: nothing that is worth a write. */
function stateOf(
  known: Known,
  item: Item | undefined,
  all: readonly DomainEvent[],
  next: Advanced,
): ItemState | undefined {
  const { base, moved, failure } = next;
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
  const isNothing = item === undefined && next.document === undefined;
  if (item?.state.kind !== 'open' && (isNothing || !next.hasChanged)) return undefined;
  const last = all.at(-1);
  return last && { kind: next.document === undefined ? 'removed' : 'settled', at: orderKeyOf(last) };
}

/** A state, and the document beside it. */
interface Kept {
  readonly state: ItemState;
  readonly document: Document | undefined;
  /** Undefined: to be asked for. */
  readonly indexEntries: readonly IndexEntry[] | undefined;
}

/** An item that has grown too large with its window leaves it to a catch-up. */
function bounded(state: ItemState, { document, indexEntries }: Advanced, limits: ConvergeLimits): Kept {
  const asItIs: Kept = { state, document, indexEntries };
  if (state.kind !== 'open') return asItIs;
  const { base, window } = state;
  if (!isTooLarge({ document, state }, limits) && !isTooLong(window, limits)) return asItIs;
  const without: ItemState = { kind: 'behind', base, cause: { kind: 'window' } };
  // A store keeps one document, not two, where they are the same.
  if (isTooLarge({ document, state: without }, limits))
    return { state: without, document: base.document, indexEntries: undefined };
  return { ...asItIs, state: without };
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
  const kept = { state, document, indexEntries: undefined };
  return changed(projection, { key, revision: revision + 1, state }, kept);
}

function changed(
  projection: AnyProjection,
  item: Omit<Item, 'document'>,
  { document, indexEntries }: Kept,
): Converged {
  if (document === undefined) return { kind: 'changed', item, indexEntries: [] };
  return {
    kind: 'changed',
    item: { ...item, document },
    indexEntries: indexEntries ?? entriesOf(projection, document),
  };
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
