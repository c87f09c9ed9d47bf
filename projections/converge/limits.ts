import type { DomainEvent } from 'banyan/events';
import { itemSize, type SizedItem } from '../item-size.ts';
import { jsonBytes } from '../json-document.ts';
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
  if (window.length > limits.windowEvents) return true;
  let bytes = 0;
  for (const event of window) bytes += eventBytes(event);
  return bytes > limits.windowBytes;
}

/** Whether the item has grown too large. */
export function isTooLarge(item: SizedItem, { itemBytes }: ConvergeLimits): boolean {
  return itemBytes !== undefined && itemSize(item) > itemBytes;
}

/** An event waits in the windows of several keys, and is looked at again with each event of its key. */
const counted = new WeakMap<DomainEvent, number>();

/** What an event is stored with besides its data, about: its place, log time and type. */
const placeBytes = 80;

function eventBytes(event: DomainEvent): number {
  let bytes = counted.get(event);
  if (bytes === undefined) {
    bytes = placeBytes + jsonBytes(event.data);
    counted.set(event, bytes);
  }
  return bytes;
}
