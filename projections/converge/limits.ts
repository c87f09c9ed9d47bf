import type { DomainEvent } from 'banyan/events';
import type { ViewStore } from '../view-store.ts';

/** Beyond which an item waits for a catch-up instead of holding its recent events. */
export interface ConvergeLimits {
  /** Events of a window. */
  readonly windowEvents: number;
  /** A window as compact JSON, about, bytes. */
  readonly windowBytes: number;
  /** Document, base and window together as compact JSON, about, bytes. Absent: no limit. */
  readonly itemBytes?: number;
}

/** What an item may hold where nothing else is said. */
export const defaultLimits: ConvergeLimits = { windowEvents: 500, windowBytes: 96 * 1024 };

/** The limits of a store's items. */
export function limitsOf({ itemBytes }: Pick<ViewStore, 'itemBytes'>): ConvergeLimits {
  return itemBytes === undefined ? defaultLimits : { ...defaultLimits, itemBytes };
}

/** Whether the window has grown too long. */
export function isTooLong(window: readonly DomainEvent[], limits: ConvergeLimits): boolean {
  return window.length > limits.windowEvents || windowBytes(window) > limits.windowBytes;
}

/** Bytes of the events as compact JSON. */
export function windowBytes(window: readonly DomainEvent[]): number {
  let bytes = 0;
  for (const event of window) bytes += eventBytes(event);
  return bytes;
}

/** An event waits in the windows of several keys, and is looked at again with each event of its key. */
const counted = new WeakMap<DomainEvent, number>();

function eventBytes(event: DomainEvent): number {
  let bytes = counted.get(event);
  if (bytes === undefined) {
    bytes = jsonBytes(event);
    counted.set(event, bytes);
  }
  return bytes;
}

/** Bytes of a value as compact JSON; nothing takes none. */
export function jsonBytes(value: object | undefined): number {
  return value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));
}
