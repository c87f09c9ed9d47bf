import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { BanyanError } from 'banyan/runtime';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** JSON of up to so many bytes is kept as text, which is read with the eye; longer is compressed. */
const textBytes = 512;

/** A value as JSON in an attribute: text, or compressed. */
export function pack(value: unknown): AttributeValue {
  const json = JSON.stringify(value);
  return json.length <= textBytes ? { S: json } : { B: deflateRawSync(json) };
}

/** The inverse of {@link pack}. */
export function unpack(stored: AttributeValue | undefined): unknown {
  if (stored?.S !== undefined) return JSON.parse(stored.S);
  if (stored?.B !== undefined) return JSON.parse(inflateRawSync(stored.B).toString('utf8'));
  throw unreadable('neither text nor bytes where JSON was expected');
}

/** Bytes that a packed value takes. */
export function packedBytes(stored: AttributeValue): number {
  return stored.B?.byteLength ?? Buffer.byteLength(stored.S ?? '');
}

/** The error of a row that this code cannot read. */
export function unreadable(what: string): BanyanError {
  return new BanyanError(
    'ITEM_UNREADABLE',
    `A stored item has ${what}. It was changed by hand, or a newer Banyan wrote it: use that one, or rebuild the view.`,
  );
}
