import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';

/** What one call of PutEvents may hold. */
export interface PutLimits {
  readonly entries: number;
  /** Bytes of the entries of a call together, and so of one entry, as `entryBytes` counts them: no more than these. */
  readonly bytes: number;
}

/**
 * 10 entries, and 2 KiB less than 256 KiB: a queue may be set to take no more than that, and its message has EventBridge's
 * envelope around the entry, of about 200 bytes. AWS documents 1 MB for PutEvents since 2026, and a queue's message may
 * have 1 MiB: who raises `bytes` leaves as much room.
 */
export const defaultPutLimits: PutLimits = { entries: 10, bytes: 254 * 1024 };

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

/**
 * Splits what is put into calls, in order, each as full as the limits allow. What is over the limit has a call of its own.
 * @param bytesOf the size of one
 */
export function* callsOf<T>(
  puts: readonly T[],
  limits: PutLimits,
  bytesOf: (put: T) => number,
): Generator<readonly T[], void> {
  let call: T[] = [];
  let bytes = 0;
  for (const put of puts) {
    const size = bytesOf(put);
    const isFull = call.length >= limits.entries || bytes + size > limits.bytes;
    if (isFull && call.length > 0) {
      yield call;
      call = [];
      bytes = 0;
    }
    call.push(put);
    bytes += size;
  }
  if (call.length > 0) yield call;
}
