import { event, eventAt, type DomainEvent } from 'banyan/events';
import { z } from 'zod';
import type { JsonObject } from 'banyan/runtime';
import { projection, removed } from '../projection.ts';
import { at } from './examples.ts';

/*
 * A projection that shows whether each event was applied exactly once and in order: each document counts its events
 * and keeps a hash of their ids.
 */

const key = z.object({ keys: z.array(z.string()) });
/** Counts in each of its keys. */
const Counted = event('Counted', key);
/** Removes its keys. */
const Cleared = event('Cleared', key);

const Counter = z.object({
  ...{ count: z.int(), hash: z.int(), group: z.string() },
  /** Ballast. */
  more: z.string().exactOptional(),
});

/** The example projection. */
export const counters = projection('counters', Counter)
  .on(Counted, {
    key: (data) => data.keys,
    apply: (document, _, meta, of) => ({
      count: (document?.count ?? 0) + 1,
      hash: hashOf(document?.hash ?? 0, meta.id),
      group: `g${of.length % 3}`,
    }),
  })
  .on(Cleared, { key: (data) => data.keys, apply: () => removed })
  .index('byGroup', { partition: (document) => document.group, sort: (document) => document.count });

function hashOf(before: number, text: string): number {
  let hash = before;
  for (const unit of text) hash = (hash * 31 + (unit.codePointAt(0) ?? 0)) % 1_000_000_007;
  return hash;
}

/** An event of the example log. */
export function exampleEvent(
  position: number,
  type: string,
  data: JsonObject,
  given: Partial<DomainEvent> = {},
): DomainEvent {
  const place = { ...at(position), version: 1, ...given };
  const event = eventAt(place, { committedAt: place.logTime, ...place, position }, { type, data });
  // A plain object, of which tests make others.
  return { ...event, traceparent: event.traceparent };
}

/** What the documents are in the end, by the definition of a fold. */
export function expectedCounters(events: readonly DomainEvent[]): Map<string, JsonObject> {
  const documents = new Map<string, z.infer<typeof Counter>>();
  for (const { type, data, id } of events) {
    for (const name of new Set(data['keys'] as readonly string[])) {
      const before = documents.get(name);
      if (type === 'Cleared') documents.delete(name);
      else {
        documents.set(name, {
          count: (before?.count ?? 0) + 1,
          hash: hashOf(before?.hash ?? 0, id),
          group: `g${name.length % 3}`,
        });
      }
    }
  }
  return documents;
}

/** A log that anybody makes alike from its seed. */
export function exampleHistory(seed: number, length: number, keys: number): DomainEvent[] {
  let state = seed;
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  return Array.from({ length }, (_, position) => {
    const named = Array.from({ length: 1 + random(3) }, () => `k${random(keys)}`);
    return exampleEvent(position + 1, random(10) === 0 ? 'Cleared' : 'Counted', { keys: named });
  });
}
