import { hash } from 'node:crypto';

/** The W3C trace id of a transaction, named `source:position`: 32 hexadecimal digits. */
export function traceOf(transaction: string): string {
  return hash('sha256', transaction, 'hex').slice(0, 32);
}

/** The W3C span id of an event: 16 hexadecimal digits. */
export function spanOf(eventId: string): string {
  return hash('sha256', eventId, 'hex').slice(0, 16);
}
