import { eventLogName, type DomainEvent, type EventLogRef } from '../domain-event.ts';
import type { Probe } from '../delivery.ts';
import type { Tally } from '../tally.ts';

/** Stands for an event that is too large for the bus: where it is in its event log, and what is known of it without. */
export interface EventReference {
  readonly log: EventLogRef;
  /** The transaction's place in the change log. */
  readonly position: number;
  /** The event's place among those of its transaction, from 0. */
  readonly index: number;
  readonly id: string;
  readonly type: string;
  readonly logTime: string;
  readonly committedAt: string;
}

export type { Probe };

/** What the bus carries. */
export type Detail =
  | { readonly kind: 'event'; readonly event: DomainEvent }
  | { readonly kind: 'reference'; readonly reference: EventReference }
  | { readonly kind: 'tally'; readonly log: EventLogRef; readonly tally: Tally }
  | { readonly kind: 'probe'; readonly probe: Probe };

/** DetailType of tallies and probes; an event's is its type. */
export const detailTypes = { tally: 'banyan.tally', probe: 'banyan.probe' } as const;

/** An event as the bus carries it: a CloudEvent 1.0 in JSON. The same text whenever it is published. */
export function toDetail(event: DomainEvent): string {
  return JSON.stringify({ ...attributesOf(event, 'event'), datacontenttype, data: event.data });
}

/** A reference to an event: the same CloudEvent without data; `dataref` (an extension of CloudEvents) says where it is. */
export function toReferenceDetail(event: DomainEvent): string {
  return JSON.stringify({ ...attributesOf(event, 'reference'), dataref: `event-log:${event.id}` });
}

/** A tally as the bus carries it. */
export function toTallyDetail(ref: EventLogRef, tally: Tally): string {
  const { log, after, to, logTime, at, counts } = tally;
  return JSON.stringify({
    specversion,
    id: `${log}:tally:${String(to)}`,
    source: ref.source,
    type: detailTypes.tally,
    time: at,
    kind: 'tally',
    log: eventLogName(ref),
    translation: ref.translation,
    version: ref.version,
    datacontenttype,
    data: { after, to, logTime, counts },
  });
}

/** A probe as the bus carries it. */
export function toProbeDetail({ subscription, id, at }: Probe): string {
  const type = detailTypes.probe;
  return JSON.stringify({ specversion, id, source: 'banyan', type, time: at, kind: 'probe', subscription });
}

const specversion = '1.0';
const datacontenttype = 'application/json';

/** CloudEvents attributes; names of extensions are lower-case, as CloudEvents asks. Patterns match on kind and log. */
function attributesOf(event: DomainEvent, kind: 'event' | 'reference'): Readonly<Record<string, unknown>> {
  return {
    specversion,
    id: event.id,
    source: event.source,
    type: event.type,
    time: event.committedAt,
    kind,
    log: eventLogName(event),
    translation: event.translation,
    version: event.version,
    position: event.position,
    index: event.index,
    logtime: event.logTime,
    causedby: event.causedBy,
    traceparent: event.traceparent,
  };
}
