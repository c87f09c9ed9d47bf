import { eventAt, eventLogName, type DomainEvent } from 'banyan/events';
import { BanyanError, type JsonObject, type JsonValue } from 'banyan/runtime';

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
  const encoded: StoredWindow = [stored, events];
  return encoded;
}

/** The inverse of {@link encodeWindow}. */
export function decodeWindow(stored: unknown): DomainEvent[] {
  const [logs, events] = stored as StoredWindow;
  const refs = logs.map(([source, translation, version]) => ({ source, translation, version }));
  return events.map(([log, position, index, logTime, committedAt, type, data]) => {
    const ref = refs[log];
    if (!ref) throw unreadable(log, logs.length);
    const place = { position, index, logTime, committedAt: committedAt === 0 ? logTime : committedAt };
    return eventAt(ref, place, { type, data });
  });
}

function unreadable(log: number, logs: number): BanyanError {
  return new BanyanError(
    'ITEM_UNREADABLE',
    `A stored window has an event of its log ${log}, and names ${logs} logs. The item was changed by hand: rebuild the view.`,
  );
}
