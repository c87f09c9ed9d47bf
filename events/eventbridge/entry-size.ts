import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';

/** What one call of PutEvents may hold. */
export interface PutLimits {
  readonly entries: number;
  /** Bytes of the entries of a call together, and so of one entry, as `entryBytes` counts them: no more than these. */
  readonly bytes: number;
}

/**
 * 10 entries; "less than 256 KB", which every region and target takes. AWS documents 1 MB for PutEvents since 2026:
 * who raises `bytes` leaves room (some KiB) for the envelope, since a queue's message may have 1 MiB with it.
 */
export const defaultPutLimits: PutLimits = { entries: 10, bytes: 256 * 1024 - 1 };

/**
 * The size of an entry as AWS counts it: 14 bytes for a time, and the UTF-8 bytes of source, detail type, detail and
 * each resource. Names of fields, the bus and the trace header count nothing.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
 */
export function entryBytes(entry: PutEventsRequestEntry): number {
  const { Time, Source, DetailType, Detail, Resources = [] } = entry;
  const texts = [Source, DetailType, Detail, ...Resources];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), Time ? 14 : 0);
}

/** Splits entries into calls, in order, each as full as the limits allow. An entry over the limit has a call of its own. */
export function* callsOf(
  entries: readonly PutEventsRequestEntry[],
  limits: PutLimits,
): Generator<readonly PutEventsRequestEntry[], void> {
  let call: PutEventsRequestEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = entryBytes(entry);
    const isFull = call.length >= limits.entries || bytes + size > limits.bytes;
    if (isFull && call.length > 0) {
      yield call;
      call = [];
      bytes = 0;
    }
    call.push(entry);
    bytes += size;
  }
  if (call.length > 0) yield call;
}
