import type { Reading } from './read-record.ts';

/** A message with an event. */
export type EventMessage = Extract<Reading, { readonly kind: 'event' | 'reference' }>;

/** An event that came as a reference is over 256 KB: so many plain ones weigh as much. */
const referenceWeight = 50;

/** Splits messages into chunks of so many events at most, in order; fewer where some are large. */
export function chunksOf(messages: readonly EventMessage[], most: number): EventMessage[][] {
  const chunks: EventMessage[][] = [];
  let weight = Infinity;
  for (const message of messages) {
    const own = message.kind === 'reference' ? Math.min(most, referenceWeight) : 1;
    if (weight + own > most) {
      chunks.push([]);
      weight = 0;
    }
    chunks.at(-1)?.push(message);
    weight += own;
  }
  return chunks;
}

/** Two halves. */
export function halvesOf(chunk: readonly EventMessage[]): readonly [EventMessage[], EventMessage[]] {
  const middle = Math.ceil(chunk.length / 2);
  return [chunk.slice(0, middle), chunk.slice(middle)];
}
