import type { DomainEvent, EventLogRef, Tally } from 'banyan/events';
import {
  toDetail,
  toProbeDetail,
  toReferenceDetail,
  toTallyDetail,
  type Probe,
} from 'banyan/events/eventbridge';
import type { Metrics } from 'banyan/runtime/aws';
import type { LambdaContext, SqsRecord } from '../function-types.ts';

let made = 0;

/** A message as EventBridge puts it into a queue. */
export function messageOf(detail: string, messageId = `m${(made += 1)}`): SqsRecord {
  const envelope = {
    version: '0',
    id: messageId,
    source: 'banyan.shop',
    detail: JSON.parse(detail) as unknown,
  };
  return { messageId, body: JSON.stringify(envelope) };
}

/** A message with an event. */
export function eventMessage(event: DomainEvent): SqsRecord {
  return messageOf(toDetail(event));
}

/** A message that refers to an event. */
export function referenceMessage(event: DomainEvent): SqsRecord {
  return messageOf(toReferenceDetail(event));
}

/** A message with a probe. */
export function probeMessage(probe: Probe): SqsRecord {
  return messageOf(toProbeDetail(probe));
}

/** A message with a tally. */
export function tallyMessage(ref: EventLogRef, tally: Tally): SqsRecord {
  return messageOf(toTallyDetail(ref, tally));
}

/** An invocation with so much time left, each time that it is asked. */
export function contextOf(remaining: () => number = () => 60_000): LambdaContext {
  return { awsRequestId: 'request-1', getRemainingTimeInMillis: remaining };
}

/** Metrics that a test can look at: the sum of what was counted, and the last value of each gauge. */
export function gatheredMetrics(): Metrics & {
  readonly figures: Readonly<Record<string, number>>;
  readonly flushed: () => number;
} {
  const figures: Record<string, number> = {};
  let flushes = 0;
  return {
    figures,
    flushed: () => flushes,
    count: (name, value) => (figures[name] = (figures[name] ?? 0) + value),
    gauge: (name, value) => (figures[name] = value),
    latency: () => undefined,
    flush: () => (flushes += 1),
  };
}
