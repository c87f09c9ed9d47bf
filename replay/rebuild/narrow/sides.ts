import type { Progress } from 'banyan/events';
import { coversEvent, isParked, type Document, type Item } from 'banyan/projections';
import { canonicalJson } from 'banyan/runtime';

/** What is compared of a key. */
export interface Side {
  readonly document: Document | undefined;
  /** The event that it is parked at. */
  readonly parked: string | undefined;
}

const nothing: Side = { document: undefined, parked: undefined };

/** What an item shows at a place that all logs were folded up to; undefined: of another place, or not known yet. */
export function sideAt(item: Item, progress: Progress): Side | undefined {
  const { document, state } = item;
  switch (state.kind) {
    case 'settled':
    case 'removed':
      return { document, parked: undefined };
    case 'open': {
      const isThere = !state.doubt && state.window.every((event) => coversEvent(progress, event));
      return isThere ? { document, parked: undefined } : undefined;
    }
    case 'behind':
      return isParked(item) ? { document, parked: item.state.cause.eventId } : undefined;
  }
}

/** Which fields differ; `(parked)` where the event differs that the key is parked at. */
export function fieldsThatDiffer(one: Side = nothing, other: Side = nothing): string[] {
  const [before, after] = [one.document ?? {}, other.document ?? {}];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const fields = [...names].filter((name) => canonicalJson(before[name]) !== canonicalJson(after[name]));
  if (fields.length === 0 && !one.document !== !other.document) fields.push('(document)');
  return one.parked === other.parked ? fields : [...fields, '(parked)'];
}
