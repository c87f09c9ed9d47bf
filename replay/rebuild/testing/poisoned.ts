import { event, type DomainEvent } from 'banyan/events';
import { isParked, projection, removed, type Item } from 'banyan/projections';
import type { JsonObject } from 'banyan/runtime';
import fc from 'fast-check';
import { z } from 'zod';
import type { Said } from './world.ts';

/*
 * A projection that cannot apply some of its events, each in another way, and what must become of their keys.
 */

/** Each way in which an event cannot be applied; `new` and `grown` depend on what came before. */
const ways = ['throws', 'schema', 'json', 'index', 'large', 'new', 'grown'] as const;

const keys = z.array(z.string());
const Added = event('Added', z.object({ keys }));
const Poisoned = event('Poisoned', z.object({ keys, way: z.enum(ways) }));
const Cleared = event('Cleared', z.object({ keys }));

const Trail = z.object({ ids: z.array(z.string()), group: z.string(), more: z.unknown().optional() });
type Trail = z.infer<typeof Trail>;

/** Bytes that a document may take here. */
export const itemBytes = 6000;
/** Events after which one that is said to be `grown` fails. */
const grown = 3;

const withOne = (document: Trail | undefined, id: string): Trail => ({
  ids: [...(document?.ids ?? []), id],
  group: `g${String((document?.ids.length ?? 0) % 2)}`,
});

/** The example: a document lists the events that made it. @param isFaulty whether it throws where it need not */
const listing = (isFaulty: boolean) =>
  projection('poisoned', Trail)
    .on(Added, { key: (data) => data.keys, apply: (document, _, { id }) => withOne(document, id) })
    .on(Poisoned, {
      key: (data) => data.keys,
      apply: (document, { way }, { id }) => {
        const made = withOne(document, id);
        switch (way) {
          case 'throws':
            throw new Error('nobody can apply this');
          case 'schema':
            return { ...made, group: 7 as unknown as string };
          case 'json':
            return { ...made, more: Number.NaN };
          case 'index':
            return { ...made, group: 'g'.repeat(2000), ids: [] };
          case 'large':
            return { ...made, more: 'x'.repeat(itemBytes) };
          case 'new':
            if (isFaulty || !document) throw new Error('there is nothing to change');
            return made;
          case 'grown':
            if (isFaulty || made.ids.length > grown) throw new Error('there is too much');
            return made;
        }
      },
    })
    .on(Cleared, { key: (data) => data.keys, apply: () => removed })
    .index('byGroup', { partition: ({ group }) => group, sort: ({ ids }) => ids.length });

export const poisoned = listing(false);
/** The same before it was mended: it cannot apply more of the events. */
export const faulty = listing(true);

/** What a key must come to: written once more, without any of the code that is tested. */
export interface Kept {
  readonly ids: readonly string[];
  readonly parked?: string;
}

/** By key, for keys that have a document or are parked. @param events in order */
export function expectedOf(events: readonly DomainEvent[]): Map<string, Kept> {
  const all = new Map<string, Kept>();
  for (const { type, data, id } of events) {
    for (const key of new Set(data['keys'] as readonly string[])) {
      const before = all.get(key);
      if (before?.parked !== undefined) continue;
      const ids = before?.ids ?? [];
      if (type === 'Added' || isApplied(data, ids, type)) all.set(key, { ids: [...ids, id] });
      else if (type === 'Poisoned') all.set(key, { ids, parked: id });
      else if (type === 'Cleared') all.delete(key);
    }
  }
  return all;
}

/** What a key has come to. */
export function keptOf(item: Item): readonly [string, Kept] {
  const ids = (item.document?.['ids'] ?? []) as string[];
  return [item.key, isParked(item) ? { ids, parked: item.state.cause.eventId } : { ids }];
}

function isApplied({ way }: JsonObject, ids: readonly string[], type: string): boolean {
  if (type !== 'Poisoned') return false;
  return (way === 'new' && ids.length > 0) || (way === 'grown' && ids.length < grown);
}

const someKeys = fc.array(
  fc.nat(23).map((number) => `k${String(number)}`),
  { minLength: 1, maxLength: 3 },
);

/** What may be said: every fifth or so cannot be applied. */
export const saidPoisoned: fc.Arbitrary<Said> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('Added'), data: fc.record({ keys: someKeys }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('Cleared'), data: fc.record({ keys: someKeys }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('Poisoned'),
      data: fc.record({ keys: someKeys, way: fc.constantFrom(...ways) }),
    }),
  },
);
