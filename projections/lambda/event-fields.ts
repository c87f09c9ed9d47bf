import { eventLogName, type DomainEvent } from 'banyan/events';
import { toError } from 'banyan/runtime';
import { keysOf } from '../keys.ts';
import type { AnyProjection } from '../projection.ts';
import type { GenerationId } from '../view-store.ts';

/** The user's own fields of log lines: `(event) => ({ orderId: event.data.orderId })`. They are written to logs. */
export type LogAttributes = (event: DomainEvent) => Readonly<Record<string, string>>;

/** Whose lines they are. */
export interface LineOwner {
  readonly projection: AnyProjection;
  readonly generation: GenerationId;
  readonly group: string;
  readonly attributes?: LogAttributes;
}

/** What every line about an event has: where it is, what it concerns, who owns the view, and its trace. */
export function eventFields(
  { projection, generation, group, attributes }: LineOwner,
  event: DomainEvent,
): Record<string, unknown> {
  return {
    ...attributesOf(event, attributes),
    group,
    projection: generation.projection,
    generation: generation.number,
    log: eventLogName(event),
    position: event.position,
    eventId: event.id,
    eventType: event.type,
    key: keyOf(projection, event),
    traceId: event.traceparent.split('-')[1],
  };
}

/** One, several, or none where it cannot be told. */
function keyOf(projection: AnyProjection, event: DomainEvent): string | readonly string[] | undefined {
  const found = keysOf(projection, event);
  if (found.kind === 'failed') return undefined;
  return found.keys.length === 1 ? found.keys[0] : found.keys;
}

/** The user's function must not stop the projector. */
function attributesOf(event: DomainEvent, attributes: LogAttributes | undefined): Record<string, unknown> {
  try {
    return { ...attributes?.(event) };
  } catch (error) {
    // Its name alone: a message may quote the event.
    return { attributesError: toError(error).name };
  }
}
