import { BanyanError } from 'banyan/runtime';
import type { GenerationId } from '../view-store.ts';

/** What a message is about. */
export interface Subject {
  readonly kind: 'event' | 'reference' | 'tally' | 'probe';
  /** Of an event: its id; of a tally: its log; of a probe: its subscription. */
  readonly name: string;
}

/** A message for somebody else. */
export function queueForeign(id: GenerationId, subject: Subject, logs: readonly string[]): BanyanError {
  return new BanyanError(
    'QUEUE_FOREIGN',
    `The queue of view ${id.projection}, generation ${id.number}, brought ${subject.kind} ${subject.name}, which is not ` +
      `its own; expected events of ${logs.join(', ')}. It is refused, so that it ends in the dead-letter queue: correct ` +
      'the rule that feeds the queue.',
    {
      details: {
        projection: id.projection,
        generation: id.number,
        subject: subject.kind,
        name: subject.name,
        logs,
      },
    },
  );
}

/**
 * A message that the publisher has not written.
 * @param why in words of Banyan's own: what a parser says may quote the message, which is a person's data
 */
export function messageUnreadable(id: GenerationId, messageId: string, why: string): BanyanError {
  return new BanyanError(
    'MESSAGE_UNREADABLE',
    `Message ${messageId} in the queue of view ${id.projection}, generation ${id.number}, cannot be read: ${why} ` +
      "Expected EventBridge's envelope with a detail of Banyan's publisher. It is refused, so that it ends in the " +
      'dead-letter queue: look at who else sends to the queue.',
    { details: { projection: id.projection, generation: id.number, messageId } },
  );
}

/** The generation was built by other code than the function has. */
export function otherCode(id: GenerationId, registered: string, given: string): BanyanError {
  return new BanyanError(
    'GENERATION_OTHER_CODE',
    `View ${id.projection}, generation ${id.number}, is built by bundle ${registered}, and this function was made with ` +
      `bundle ${given}. It applies nothing, since its documents would be another code's: deploy the function with the ` +
      'bundle of its generation, or the generation that belongs to this one.',
    { details: { projection: id.projection, generation: id.number, registered, given } },
  );
}

/** A view whose run had not ended when the invocation had to answer. */
export function trackingLate({ projection, number }: GenerationId): BanyanError {
  return new BanyanError(
    'TRACKING_LATE',
    `The run of the tracker of view ${projection}, generation ${number}, did not end within the time of the function. ` +
      'What it did stays done, and the next invocation begins with other views. When this comes often, give the ' +
      'function more time, or look at what holds up its store and logs.',
    { details: { projection, generation: number }, retryable: true },
  );
}
