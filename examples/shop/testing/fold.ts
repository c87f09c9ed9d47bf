import type { EventMeta, NewEvent } from 'banyan/events';
import { removed, type AnyProjection } from 'banyan/projections';

/** Folds events in order, checking each document: what a projector does, without a store. */
export function fold(projection: AnyProjection, events: Iterable<NewEvent>): Map<string, unknown> {
  const documents = new Map<string, unknown>();
  let index = 0;
  for (const event of events) {
    const registered = projection.handlers.get(event.type);
    if (!registered) continue;
    const { handler } = registered;
    const data = registered.event.schema.parse(event.data);
    const meta = metaOf(event, (index += 1));
    for (const key of keysOf(handler.key(data, meta))) {
      const made = handler.apply(documents.get(key), data, meta, key);
      if (made === removed) documents.delete(key);
      else if (made !== undefined) documents.set(key, projection.schema.parse(made));
    }
  }
  return documents;
}

function keysOf(keys: string | readonly string[] | undefined): readonly string[] {
  return typeof keys === 'string' ? [keys] : (keys ?? []);
}

function metaOf({ type }: NewEvent, index: number): EventMeta {
  const at = '2026-03-01T09:30:00.000000Z';
  return {
    id: `shop:test@1:1:${index}`,
    type,
    source: 'shop',
    translation: 'test',
    version: 1,
    position: 1,
    index,
    logTime: at,
    committedAt: at,
    traceparent: '00-00000000000000000000000000000001-0000000000000001-01',
    causedBy: 'shop:1',
  };
}
