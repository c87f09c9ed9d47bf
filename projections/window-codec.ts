import { eventAt, eventLogName, type DomainEvent } from 'banyan/events';
import type { JsonObject, JsonValue } from 'banyan/runtime';

/*
 * The stored form of a window: each log once, and of each event what does not follow from its place. An event of 60
 * bytes of data is 420 bytes in full, and 150 here.
 */
type StoredLog = readonly [source: string, translation: string, version: number];
type StoredEvent = readonly [
  log: number,
  position: number,
  index: number,
  logTime: string,
  /** 0: as the log time. */
  committedAt: string | 0,
  type: string,
  data: JsonObject,
];
type StoredWindow = readonly [readonly StoredLog[], readonly StoredEvent[]];

/** The events of a window as compact JSON. */
export function encodeWindow(window: readonly DomainEvent[]): readonly JsonValue[] {
  const logs = new Map<string, number>();
  const stored: StoredLog[] = [];
  const events = window.map((event): StoredEvent => {
    const name = eventLogName(event);
    const log = logs.get(name) ?? logs.size;
    if (log === stored.length) {
      logs.set(name, log);
      stored.push([event.source, event.translation, event.version]);
    }
    const { position, index, logTime, committedAt, type, data } = event;
    return [log, position, index, logTime, committedAt === logTime ? 0 : committedAt, type, data];
  });
  return [stored, events] satisfies StoredWindow as unknown as readonly JsonValue[];
}

/** The inverse of {@link encodeWindow}. */
export function decodeWindow(stored: unknown): DomainEvent[] {
  const [logs, events] = stored as StoredWindow;
  const refs = logs.map(([source, translation, version]) => ({ source, translation, version }));
  return events.flatMap(([log, position, index, logTime, committedAt, type, data]) => {
    const ref = refs[log];
    if (!ref) return [];
    const place = { position, index, logTime, committedAt: committedAt === 0 ? logTime : committedAt };
    return eventAt(ref, place, { type, data });
  });
}
