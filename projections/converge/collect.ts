import type { DomainEvent } from 'banyan/events';
import type { Document, ItemState } from '../view-store.ts';
import type { Bounds } from './bounds.ts';
import { isTooLarge, isTooLong, type ConvergeLimits } from './limits.ts';
import { merged, newerThan } from './window.ts';

type Behind = Extract<ItemState, { kind: 'behind' }>;

/**
 * What events make of an item that is behind. They are dropped, since its catch-up reads them from the event log; from
 * when the catch-up has asked for it they are kept, in order, for it to put on top of what it has read. When too many
 * come they are dropped again, and the catch-up sees that. Pure.
 * @returns undefined: nothing to write
 */
export function collected(
  { kept, ...state }: Behind,
  document: Document | undefined,
  events: readonly DomainEvent[],
  bounds: Bounds,
  limits: ConvergeLimits,
): Behind | undefined {
  if (!kept) return undefined;
  const all = merged(kept.events, newerThan(state.base.at, events, bounds));
  if (all === kept.events) return undefined;
  const more: Behind = { ...state, kept: { ...kept, events: all } };
  return isTooLarge({ document, state: more }, limits) || isTooLong(all, limits) ? state : more;
}
