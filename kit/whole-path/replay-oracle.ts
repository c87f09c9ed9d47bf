import { eventLogName, type EventLogRef, type EventMeta, type Progress } from 'banyan/events';
import { removed, type AnyProjection } from 'banyan/projections';
import { canonicalJson } from 'banyan/runtime';
import type { Commit } from './history.ts';
import { expectedEvents, inOrder, type ExpectedEvent } from './oracle.ts';
import { tellExpected, tellExpected2 } from './shop.ts';

/** Commits by source. */
export type Histories = Readonly<Record<string, readonly Commit[]>>;

/** The events that a view is fed with, in order: from the commits, not from any log. */
export function expectedOf(histories: Histories, logs: readonly EventLogRef[]): ExpectedEvent[] {
  const told = logs.flatMap(({ source, translation, version }) => {
    const tell = version === 1 ? tellExpected : tellExpected2;
    return expectedEvents(source, translation, histories[source] ?? [], tell, version);
  });
  return inOrder(told);
}

/** Those up to a progress. */
export function expectedUpTo(
  expected: readonly ExpectedEvent[],
  logs: readonly EventLogRef[],
  progress: Progress,
): ExpectedEvent[] {
  return expected.filter(({ order: [, source, position, translation, index] }) => {
    const log = logs.find((one) => one.source === source && one.translation === translation);
    const cursor = log && progress[eventLogName(log)];
    if (!cursor || position > cursor.position) return false;
    return position < cursor.position || cursor.index === undefined || index <= cursor.index;
  });
}

/**
 * What a projection makes of events in their order, by key, as {@link shown}: each event, each key, once. A key stops
 * before the first event that cannot be applied.
 */
export function expectedDocuments(
  { handlers }: AnyProjection,
  events: readonly ExpectedEvent[],
): Record<string, string> {
  const documents = new Map<string, unknown>();
  const parked = new Map<string, string>();
  for (const { id, order, data } of events) {
    const type = order[3].replace(/^./, (letter) => letter.toUpperCase());
    const handler = handlers.get(type)?.handler;
    // The projections here look at nothing else of an event.
    const meta = { id } as EventMeta;
    for (const key of new Set(handler?.key(data, meta))) {
      if (parked.has(key)) continue;
      let made: unknown;
      try {
        made = handler?.apply(documents.get(key), data, meta, key);
      } catch {
        parked.set(key, id);
      }
      if (made === removed) documents.delete(key);
      else if (made !== undefined) documents.set(key, made);
    }
  }
  const keys = new Set([...documents.keys(), ...parked.keys()]);
  return Object.fromEntries([...keys].map((key) => [key, shown(documents.get(key), parked.get(key))]));
}

/** A document as canonical JSON, and the event that its key is parked at. */
export function shown(document: unknown, parked: string | undefined): string {
  const text = document === undefined ? 'nothing' : canonicalJson(document);
  return parked === undefined ? text : `${text}, parked at ${parked}`;
}
