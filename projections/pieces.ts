import type { DomainEvent } from 'banyan/events';
import { eventBytes } from './converge/limits.ts';

/** An event, and the keys that it is to be applied to. */
export interface RoutedEvent {
  readonly event: DomainEvent;
  /** None: it is dropped. */
  readonly keys: readonly string[];
}

/** Bounds of what is worked on at once, however large events and batches are. */
export interface PieceLimits {
  /** Keys whose items are read and written together. */
  readonly keys: number;
  /** Events as compact JSON, about, bytes. */
  readonly bytes: number;
}

/** What is worked on at once unless told otherwise. */
export const pieceLimits: PieceLimits = { keys: 1000, bytes: 4 * 2 ** 20 };

/**
 * Splits events into pieces, in order, each of as many keys and bytes as the limits say at most; an event that has more
 * of either is a piece of its own.
 */
export function piecesOf(routed: readonly RoutedEvent[], limits: PieceLimits): RoutedEvent[][] {
  const pieces: RoutedEvent[][] = [];
  let [keys, bytes] = [new Set<string>(), 0];
  for (const one of routed) {
    const own = eventBytes(one.event);
    const more = one.keys.filter((key) => !keys.has(key)).length;
    const piece = pieces.at(-1);
    if (piece && keys.size + more <= limits.keys && bytes + own <= limits.bytes) piece.push(one);
    else {
      pieces.push([one]);
      [keys, bytes] = [new Set<string>(), 0];
    }
    for (const key of one.keys) keys.add(key);
    bytes += own;
  }
  return pieces;
}

/** The events of each key, in parts of so many keys at most: an event alone may have more than are read at once. */
export function byKeyInParts(
  piece: readonly RoutedEvent[],
  most: number,
): ReadonlyMap<string, readonly DomainEvent[]>[] {
  const parts: Map<string, DomainEvent[]>[] = [];
  const partOf = new Map<string, Map<string, DomainEvent[]>>();
  for (const { event, keys } of piece) {
    for (const key of keys) {
      const known = partOf.get(key);
      if (known) {
        known.get(key)?.push(event);
        continue;
      }
      let part = parts.at(-1);
      if (!part || part.size >= most) parts.push((part = new Map<string, DomainEvent[]>()));
      part.set(key, [event]);
      partOf.set(key, part);
    }
  }
  return parts;
}
