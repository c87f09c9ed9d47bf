import { BanyanError } from 'banyan/runtime';
import type { Cursor } from '../change.ts';

/** A WAL position as a number; Postgres prints its halves in hexadecimal: `16/B374D848`. */
export type Lsn = bigint;

/** Reads `16/B374D848`. */
export function parseLsn(text: string): Lsn {
  const parts = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (parts === null) {
    throw new BanyanError(
      'SOURCE_CURSOR_INVALID',
      `"${text}" is not a WAL position; expected two hexadecimal numbers, as in 16/B374D848.`,
    );
  }
  const [, high = '', low = ''] = parts;
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** Prints a position as Postgres does. */
export function formatLsn(lsn: Lsn): string {
  return `${hex(Number(lsn >> 32n))}/${hex(Number(lsn & 0xffff_ffffn))}`;
}

/** Below zero when `a` comes first. Only for cursors of one history: same system, same timeline. */
export function compareCursors(a: Cursor, b: Cursor): number {
  const [first, second] = [parseLsn(a.lsn), parseLsn(b.lsn)];
  return first < second ? -1 : first > second ? 1 : 0;
}

function hex(half: number): string {
  return half.toString(16).toUpperCase();
}

/** Bytes of WAL from one cursor to a later one of the same history. */
export function bytesBetween(from: Cursor, to: Cursor): number {
  return Number(parseLsn(to.lsn) - parseLsn(from.lsn));
}
