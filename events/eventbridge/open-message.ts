import type { Message } from '@aws-sdk/client-sqs';
import { toError } from 'banyan/runtime';
import type { Subscription } from '../bus.ts';
import { eventLogName, type DomainEvent } from '../domain-event.ts';
import type { Probe } from './detail.ts';
import { fromDetail } from './from-detail.ts';
import type { ResolveReference } from './references.ts';

/** What a message of a subscription's queue is. */
export type Opened =
  | { readonly kind: 'event'; readonly message: Message; readonly event: DomainEvent }
  | { readonly kind: 'probe'; readonly message: Message; readonly probe: Probe }
  /** Of another log, version or type, as the rule once had it: done with. */
  | { readonly kind: 'unwanted'; readonly message: Message }
  /** Cannot be read, or not yet. */
  | { readonly kind: 'unread'; readonly message: Message; readonly error: Error };

/** Reads EventBridge's envelope in a message's body; a reference is resolved if it is wanted. */
export async function openMessage(
  message: Message,
  wanted: Pick<Subscription, 'name' | 'logs' | 'types'>,
  resolve: ResolveReference,
): Promise<Opened> {
  try {
    const { detail } = JSON.parse(message.Body ?? '') as { detail?: unknown };
    const read = fromDetail(detail);
    switch (read.kind) {
      case 'event': {
        const { event } = read;
        return isWanted(event.type, eventLogName(event))
          ? { kind: 'event', message, event }
          : { kind: 'unwanted', message };
      }
      case 'reference': {
        const { type, log } = read.reference;
        if (!isWanted(type, eventLogName(log))) return { kind: 'unwanted', message };
        return { kind: 'event', message, event: await resolve(read.reference) };
      }
      case 'probe': {
        const { probe } = read;
        return probe.subscription === wanted.name
          ? { kind: 'probe', message, probe }
          : { kind: 'unwanted', message };
      }
      case 'tally':
        return { kind: 'unwanted', message };
    }
  } catch (thrown) {
    return { kind: 'unread', message, error: toError(thrown) };
  }

  function isWanted(type: string, log: string): boolean {
    return wanted.types.includes(type) && wanted.logs.some((one) => eventLogName(one) === log);
  }
}
