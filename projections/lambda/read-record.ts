import { eventLogName, type DomainEvent } from 'banyan/events';
import { fromDetail, type Detail, type EventReference, type Probe } from 'banyan/events/eventbridge';
import { isBanyanError, type BanyanError } from 'banyan/runtime';
import { subscriptionName } from '../generation-state.ts';
import type { Generation, GenerationId } from '../view-store.ts';
import { messageUnreadable, queueForeign, type Subject } from './errors.ts';
import type { SqsRecord } from './function-types.ts';

/** What a message asks of the projector. */
export type Reading =
  | { readonly kind: 'event'; readonly messageId: string; readonly event: DomainEvent }
  | { readonly kind: 'reference'; readonly messageId: string; readonly reference: EventReference }
  | { readonly kind: 'probe'; readonly messageId: string; readonly probe: Probe }
  /** Nothing that this projector may take; it would be the same the next time. */
  | { readonly kind: 'refused'; readonly messageId: string; readonly error: BanyanError };

/** Whose queue it is. */
export interface QueueOwner {
  readonly id: GenerationId;
  /** Names of the generation's event logs. */
  readonly logs: ReadonlySet<string>;
}

/** Of a generation as it is registered. */
export function ownerOf(generation: Generation): QueueOwner {
  return { id: generation, logs: new Set(generation.logs.map(eventLogName)) };
}

/** Reads a message. Pure, and never throws. */
export function readRecord(owner: QueueOwner, { messageId, body }: SqsRecord): Reading {
  let detail: Detail;
  try {
    detail = fromDetail((JSON.parse(body) as { readonly detail?: unknown } | null)?.detail);
  } catch (error) {
    return { kind: 'refused', messageId, error: messageUnreadable(owner.id, messageId, whyOf(error)) };
  }
  switch (detail.kind) {
    case 'event': {
      const { event } = detail;
      return owner.logs.has(eventLogName(event))
        ? { kind: 'event', messageId, event }
        : foreign(owner, messageId, { kind: 'event', name: event.id });
    }
    case 'reference': {
      const { reference } = detail;
      return owner.logs.has(eventLogName(reference.log))
        ? { kind: 'reference', messageId, reference }
        : foreign(owner, messageId, { kind: 'reference', name: reference.id });
    }
    case 'probe': {
      const { probe } = detail;
      return probe.subscription === subscriptionName(owner.id)
        ? { kind: 'probe', messageId, probe }
        : foreign(owner, messageId, { kind: 'probe', name: probe.subscription });
    }
    case 'tally':
      return foreign(owner, messageId, { kind: 'tally', name: detail.tally.log });
  }
}

/** A parser's own message may quote what it was given. */
function whyOf(error: unknown): string {
  return isBanyanError(error, 'DETAIL_INVALID') ? error.message : 'its body is no JSON.';
}

function foreign({ id, logs }: QueueOwner, messageId: string, subject: Subject): Reading {
  return { kind: 'refused', messageId, error: queueForeign(id, subject, [...logs]) };
}
