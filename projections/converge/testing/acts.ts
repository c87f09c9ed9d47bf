import { event, type DomainEvent } from 'banyan/events';
import { z } from 'zod';
import { projection, removed, type Projection } from '../../projection.ts';
import type { Document } from '../../view-store.ts';

/*
 * A projection whose handlers do everything that a handler may, and what its documents are, told by another way.
 */

/** What an event does to the document, by the event's type. */
export const acts = [
  /** Makes the document or goes on with it. */
  'Count',
  /** Throws where there is a document. */
  'Make',
  /** Throws where there is none. */
  'Need',
  /** Leaves it where there is none. */
  'Want',
  'Remove',
  'Leave',
  /** Fails the schema with each third event of the document. */
  'Third',
  /** Cannot be indexed with each second event of the document. */
  'Second',
  /** Makes it 200 bytes larger. */
  'Grow',
] as const;
export type Act = (typeof acts)[number];

const Doc = z.object({ ids: z.array(z.string()), pad: z.string(), hidden: z.boolean() });
type Doc = z.infer<typeof Doc>;

const padding = 'x'.repeat(200);

function handled(act: Act, document: Doc | undefined, id: string): Doc | typeof removed | undefined {
  const next = { ids: [...(document?.ids ?? []), id], pad: document?.pad ?? '', hidden: false };
  switch (act) {
    case 'Count':
      return next;
    case 'Make':
      if (document) throw new Error('there is one');
      return next;
    case 'Need':
      if (!document) throw new Error('there is none');
      return next;
    case 'Want':
      return document && next;
    case 'Remove':
      return removed;
    case 'Leave':
      return undefined;
    case 'Third':
      return next.ids.length % 3 === 0 ? { ...next, ids: 'three' as never } : next;
    case 'Second':
      return { ...next, hidden: next.ids.length % 2 === 0 };
    case 'Grow':
      return { ...next, pad: next.pad + padding };
  }
}

/** How often a handler was called, by event id. */
export type Calls = Map<string, number>;

/** The projection. @param calls to be counted in */
export function actsProjection(calls: Calls = new Map()): Projection<'acts', Doc, 'byFirst'> {
  const Any = z.object({});
  let made: Projection<'acts', Doc> = projection('acts', Doc);
  for (const act of acts) {
    made = made.on(event(act, Any), {
      key: () => 'k',
      apply: (document, _, { id }) => {
        calls.set(id, (calls.get(id) ?? 0) + 1);
        return handled(act, document, id);
      },
    });
  }
  return made.index('byFirst', {
    partition: (document) => {
      if (document.hidden) throw new Error('it hides');
      return document.ids[0];
    },
    sort: (document) => document.ids.length,
  });
}

/** What a history comes to: the document, and the event that cannot be applied, where there is one. */
export interface Outcome {
  readonly document: Document | undefined;
  readonly stuck: { readonly eventId: string; readonly code: string } | undefined;
}

/** The oracle: by lists of ids alone. @param events in order, each once @param itemBytes the most of a document */
export function expectedOutcome(events: readonly DomainEvent[], itemBytes = Infinity): Outcome {
  let ids: string[] = [];
  let grown = 0;
  const shown = (): Document | undefined =>
    ids.length === 0 ? undefined : { ids, pad: 'x'.repeat(200 * grown), hidden: false };
  for (const { id, type } of events) {
    const before = shown();
    const wrong = wrongWith(type as Act, ids.length);
    if (wrong !== undefined) return { document: before, stuck: { eventId: id, code: wrong } };
    if (type === 'Remove') [ids, grown] = [[], 0];
    if (type === 'Remove' || type === 'Leave' || (type === 'Want' && ids.length === 0)) continue;
    const isHidden = type === 'Second' && ids.length % 2 === 1;
    ids = [...ids, id];
    if (type === 'Grow') grown += 1;
    const isLarge = JSON.stringify({ ...shown(), hidden: isHidden }).length > itemBytes;
    const code = isLarge ? 'DOCUMENT_TOO_LARGE' : isHidden ? 'INDEX_INVALID' : undefined;
    if (code !== undefined) return { document: before, stuck: { eventId: id, code } };
  }
  return { document: shown(), stuck: undefined };
}

function wrongWith(act: Act, before: number): string | undefined {
  if (act === 'Make' && before > 0) return 'HANDLER_THREW';
  if (act === 'Need' && before === 0) return 'HANDLER_THREW';
  if (act === 'Third' && before % 3 === 2) return 'DOCUMENT_INVALID';
  return undefined;
}
