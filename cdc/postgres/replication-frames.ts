import type { Lsn } from './lsn.ts';

/**
 * What the walsender sends inside of CopyData.
 * Source: the manual, "Streaming Replication Protocol", START_REPLICATION.
 */
export type ReplicationFrame =
  | { readonly kind: 'data'; readonly payload: Buffer }
  | {
      readonly kind: 'keepalive';
      /** Everything that committed below it was sent before it. */
      readonly walEnd: Lsn;
      /** The server's clock, microseconds since 2000-01-01. */
      readonly clock: bigint;
      readonly replyRequested: boolean;
    };

/** Byte1 'w', start, end, clock: three Int64. */
const dataHeader = 25;

export function decodeFrame(frame: Buffer): ReplicationFrame | undefined {
  if (isData(frame)) return { kind: 'data', payload: frame.subarray(dataHeader) };
  if (!isKeepalive(frame)) return undefined;
  return {
    kind: 'keepalive',
    walEnd: frame.readBigUInt64BE(1),
    clock: frame.readBigInt64BE(9),
    replyRequested: frame[17] === 1,
  };
}

export function isData(frame: Buffer): boolean {
  return frame[0] === 0x77;
}

export function isKeepalive(frame: Buffer): boolean {
  return frame[0] === 0x6b;
}

/**
 * A standby status update: Byte1 'r'; written, flushed and applied up to here; our clock; whether an answer is wanted.
 * All three positions are what the change log holds durably, since nothing less may be relied on.
 */
export function statusUpdate(acknowledged: Lsn, clock: bigint, replyRequested: boolean): Buffer {
  const bytes = Buffer.allocUnsafe(34);
  bytes[0] = 0x72;
  bytes.writeBigUInt64BE(acknowledged, 1);
  bytes.writeBigUInt64BE(acknowledged, 9);
  bytes.writeBigUInt64BE(acknowledged, 17);
  bytes.writeBigInt64BE(clock, 25);
  bytes[33] = replyRequested ? 1 : 0;
  return bytes;
}
