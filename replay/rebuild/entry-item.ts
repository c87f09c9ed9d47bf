import { compareOrderKeys, type OrderKey } from 'banyan/events';
import { nextRevision, type Item, type ItemState } from 'banyan/projections';
import type { Entry } from './entry.ts';

/** An entry as the store is to have it. */
export function itemOf({ key, at, document, held, stored }: Entry): Item {
  if (held?.kind === 'whole') {
    const { item } = held;
    return { ...item, revision: Math.max(item.revision, (stored ?? 0) + 1) };
  }
  const logTime = held?.logTime ?? at?.logTime;
  if (logTime === undefined) throw new TypeError('an entry that nothing is known of was to be written');
  const state = stateOf({ at, document, held });
  const revision = nextRevision(stored, logTime);
  return document === undefined ? { key, revision, state } : { key, revision, document, state };
}

function stateOf({ at, document, held }: Pick<Entry, 'at' | 'document' | 'held'>): ItemState {
  if (held?.kind === 'parked')
    return { kind: 'behind', base: { document, at }, cause: { kind: 'parked', ...held.stuck } };
  if (at === undefined) throw new TypeError('an entry without a place was to be written');
  return { kind: document === undefined ? 'removed' : 'settled', at };
}

/** Whether a state is the fold of more events of the key than another is, both folded by the same code. */
export function isFurther(state: ItemState, than: ItemState): boolean {
  // What is behind takes no more events, and nobody but an operator or a catch-up leads out of it.
  if (than.kind === 'behind') return false;
  if (state.kind === 'behind') return true;
  const [one, other] = [lastPlace(state), lastPlace(than)];
  return one !== undefined && (other === undefined || compareOrderKeys(one, other) > 0);
}

function lastPlace(state: Exclude<ItemState, { kind: 'behind' }>): OrderKey | undefined {
  return state.kind === 'open' ? (state.window.at(-1) ?? state.base.at) : state.at;
}
