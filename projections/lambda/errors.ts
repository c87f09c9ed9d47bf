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

/** A message that the publisher has not written. */
export function messageUnreadable(id: GenerationId, messageId: string, cause: Error): BanyanError {
  return new BanyanError(
    'MESSAGE_UNREADABLE',
    `Message ${messageId} in the queue of view ${id.projection}, generation ${id.number}, cannot be read: ` +
      `${cause.message}. Expected EventBridge's envelope with a detail of Banyan's publisher. It is refused, so that it ` +
      'ends in the dead-letter queue: look at who else sends to the queue.',
    { details: { projection: id.projection, generation: id.number, messageId }, cause },
  );
}
