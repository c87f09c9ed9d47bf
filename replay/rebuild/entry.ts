import type { OrderKey } from 'banyan/events';
import { isParked, placeOf, type Document, type IndexEntry, type Item, type Stuck } from 'banyan/projections';

/** Which list of the cache an entry is in. */
export type Segment = 'none' | 'probation' | 'protected';

/** Why a key is no plain fold. */
export type Held =
  /**
   * An event cannot be applied: the document is what came before it, and later events are passed over. Its log time
   * makes the revision of a key that the store does not have.
   */
  | { readonly kind: 'parked'; readonly stuck: Stuck; readonly logTime: string }
  /** Copied from a generation on an unordered bus, with a window, or waiting for its catch-up. */
  | { readonly kind: 'whole'; readonly item: Item; readonly indexEntries: readonly IndexEntry[] };

/**
 * One key in the cache: its document so far. Mutable, and a class so that all have one shape: there are millions, and
 * each event touches one.
 */
export class Entry {
  readonly key: string;
  /** Frozen; undefined: there is none. */
  document: Document | undefined = undefined;
  /** The last event that changed the document, or removed it. Undefined: nothing is known of the key. */
  at: OrderKey | undefined = undefined;
  /** Undefined for nearly all. */
  held: Held | undefined = undefined;
  /** The version of the event log, and the event's type: an error names the event. */
  version = 0;
  type = '';
  /** The revision in the store; undefined: the store does not have the key. */
  stored: number | undefined = undefined;
  /** Holds what the store does not. */
  dirty = false;
  /** A write of it is under way. */
  writing = false;
  /** Evicted: forgotten once it is written. */
  leaving = false;
  /** About how many bytes it takes. */
  bytes = 0;
  /** How often its document was replaced. */
  folds = 0;
  segment: Segment = 'none';
  previous: Entry | undefined = undefined;
  next: Entry | undefined = undefined;

  constructor(key: string) {
    this.key = key;
  }

  /** Takes over what the store has. */
  load(item: Item): void {
    this.become(item);
    this.stored = item.revision;
  }

  /** Holds what an item is. @param indexEntries those of its document, where it is to be written */
  become(item: Item, indexEntries: readonly IndexEntry[] = []): void {
    this.document = item.document;
    this.at = placeOf(item.state);
    this.held = heldOf(item, indexEntries);
  }
}

function heldOf(item: Item, indexEntries: readonly IndexEntry[]): Held | undefined {
  if (item.state.kind === 'settled' || item.state.kind === 'removed') return undefined;
  if (!isParked(item)) return { kind: 'whole', item, indexEntries };
  const { eventId, code, message } = item.state.cause;
  return { kind: 'parked', stuck: { eventId, code, message }, logTime: item.state.base.at?.logTime ?? '' };
}

/** Bytes of an entry without its document: the entry, its order key and its place in the table of keys. */
const overhead = 360;

/** About how many bytes an entry takes in memory. */
export function entryBytes({ key, document, held }: Entry): number {
  return (
    overhead +
    key.length * 2 +
    (document === undefined ? 0 : valueBytes(document)) +
    (held === undefined ? 0 : heldBytes(held))
  );
}

function heldBytes(held: Held): number {
  return valueBytes(held.kind === 'parked' ? held.stuck : held.item.state);
}

/** About how many bytes a JSON value takes in memory: measured on V8 with pointer compression off. */
function valueBytes(value: unknown): number {
  if (typeof value === 'string') return 24 + value.length;
  if (typeof value === 'number') return 16;
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) {
    let bytes = 48;
    for (const inner of value) bytes += 8 + valueBytes(inner);
    return bytes;
  }
  let bytes = 56;
  for (const name in value) bytes += 8 + valueBytes((value as Record<string, unknown>)[name]);
  return bytes;
}
