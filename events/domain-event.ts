import type { JsonObject } from 'banyan/runtime';

/** Which event log: one for each version of a translation. Its text is `source:translation@version`. */
export interface EventLogRef {
  readonly source: string;
  readonly translation: string;
  readonly version: number;
}

/** The name of an event log in cursors, floors and ids: `shop:orders@1`. */
export function eventLogName(ref: EventLogRef): string {
  return `${ref.source}:${ref.translation}@${String(ref.version)}`;
}

/** What an event carries besides its data; what a projection's handler gets as `meta`. */
export interface EventMeta extends EventLogRef {
  /** `source:translation@version:position:index`; the same whenever the event is published, healed or replayed. */
  readonly id: string;
  readonly type: string;
  /** The transaction's place in the change log. */
  readonly position: number;
  /** The event's place among those of its transaction, from 0. */
  readonly index: number;
  /** The transaction's log time, ISO 8601 with microseconds. */
  readonly logTime: string;
  /** When the monolith committed, as its database said. */
  readonly committedAt: string;
  /** W3C trace context, derived from the id so that the bytes stay the same: one trace a transaction, one span an event. */
  readonly traceparent: string;
  /** The transaction that caused it: `shop:12`. */
  readonly causedBy: string;
}

/** A typed business fact, kept in an event log and published. */
export interface DomainEvent<Data extends JsonObject = JsonObject> extends EventMeta {
  readonly data: Data;
}

/** An event's place among all events of all sources, compared field by field in this order. */
export interface OrderKey {
  readonly logTime: string;
  readonly source: string;
  readonly position: number;
  readonly translation: string;
  readonly index: number;
}

/** Up to where one event log was read: all of the positions before `position`, and of `position` the events up to `index` (all, when absent). */
export interface LogCursor {
  readonly position: number;
  readonly index?: number;
}

/** For each event log, by name, up to where. A log that is missing was not read at all. Floors and watermarks have this shape. */
export type Progress = Readonly<Record<string, LogCursor>>;
