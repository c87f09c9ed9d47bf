import type { JsonObject } from 'banyan/runtime';
import { eventLogName, type DomainEvent, type EventLogRef } from './domain-event.ts';
import { Envelope } from './envelope.ts';

/** An event as its log keeps it; the rest of its envelope follows from the line and the log's name. */
export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly data: JsonObject;
}

/** The events of one transaction, or a part of them. The line's position is the transaction's. */
export interface EventsLine {
  readonly kind: 'events';
  readonly logTime: string;
  readonly committedAt: string;
  /** Index of the first event in this line. */
  readonly first: number;
  readonly events: readonly StoredEvent[];
}

/** Everything up to the line's position was translated, and gave no events since the entry before. */
export interface EventLogTick {
  readonly kind: 'tick';
  readonly logTime: string;
}

/** The payload of an event log's line. Positions are the change log's; those without events are left out. */
export type EventLogLine = EventsLine | EventLogTick;

/** `source:translation@version:position:index`. */
export function eventId(log: EventLogRef, position: number, index: number): string {
  return `${eventLogName(log)}:${String(position)}:${String(index)}`;
}

/** The events of a line in full: the same bytes whenever they are read. */
export function eventsOfLine(
  log: EventLogRef,
  line: EventsLine & { readonly position: number },
  wanted?: ReadonlySet<string>,
): DomainEvent[] {
  const { position, logTime, committedAt, first } = line;
  const shared = { position, logTime, committedAt, causedBy: causeOf(log, position) };
  const events: DomainEvent[] = [];
  line.events.forEach((stored, offset) => {
    if (wanted && !wanted.has(stored.type)) return;
    events.push(new Envelope(log, shared, stored, first + offset));
  });
  return events;
}

/** An event in full from its place and what was kept of it; equal to the one that its log gives. */
export function eventAt(
  log: EventLogRef,
  place: Pick<DomainEvent, 'position' | 'index' | 'logTime' | 'committedAt'>,
  { type, data }: Pick<StoredEvent, 'type' | 'data'>,
): DomainEvent {
  const { position, index } = place;
  const stored = { id: eventId(log, position, index), type, data };
  return new Envelope(log, { ...place, causedBy: causeOf(log, position) }, stored, index);
}

/** The transaction at a position, as events name it. */
function causeOf(log: EventLogRef, position: number): string {
  return `${log.source}:${String(position)}`;
}
