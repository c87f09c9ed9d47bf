import type { EventPlace } from './tracker/ledger.ts';

/**
 * The places of a receipt as compact JSON, for any store: position and index of each in turn, the position as the
 * distance from the one before.
 */
export function encodePlaces(places: readonly EventPlace[]): number[] {
  let before = 0;
  return places.flatMap(({ position, index }) => {
    const distance = position - before;
    before = position;
    return [distance, index];
  });
}

/** The inverse of {@link encodePlaces}. */
export function decodePlaces(stored: readonly number[]): EventPlace[] {
  const places: EventPlace[] = [];
  let position = 0;
  for (let at = 0; at + 1 < stored.length; at += 2) {
    position += stored[at] ?? 0;
    places.push({ position, index: stored[at + 1] ?? 0 });
  }
  return places;
}
