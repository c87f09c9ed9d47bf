import { encodePlaces } from '../receipt-codec.ts';
import type { Receipt } from '../tracker/ledger.ts';

/** A receipt as the JSON row of a statement's input. */
export function receiptRow({ log, healed, places }: Receipt): string {
  return JSON.stringify({ log, healed, places: encodePlaces(places) });
}

/** Those of one batch of writes, which are few; undefined: there are none. */
export function receiptRows(receipts: readonly Receipt[]): string | undefined {
  return receipts.length === 0 ? undefined : `[${receipts.map(receiptRow).join(',')}]`;
}
