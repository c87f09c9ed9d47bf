import type { OrderKey } from 'banyan/events';
import type { Item, ItemState, Trouble } from './view-store.ts';

/** Up to where an item has everything for good; undefined: nothing is known to have been applied. */
export function placeOf(state: ItemState): OrderKey | undefined {
  switch (state.kind) {
    case 'settled':
    case 'removed':
      return state.at;
    case 'open':
    case 'behind':
      return state.base.at;
  }
}

/** What an item in this state asks of somebody; undefined: nothing. */
export function troubleOf(state: ItemState): Trouble | undefined {
  switch (state.kind) {
    case 'open':
      return state.doubt && 'doubt';
    case 'behind':
      return state.cause.kind;
    case 'settled':
    case 'removed':
      return undefined;
  }
}

/**
 * The log time of the last event of an item that may be purged once this lies far enough back; undefined: it stays. An
 * item in doubt stays, since its event is still to be looked after.
 */
export function purgeableSince({ state, document }: Item): string | undefined {
  if (state.kind === 'removed') return state.at.logTime;
  if (state.kind !== 'open' || document !== undefined || state.doubt) return undefined;
  return (state.window.at(-1) ?? state.base.at)?.logTime;
}
