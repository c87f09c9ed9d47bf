import type { DomainEvent } from 'banyan/events';
import { itemSize, type SizedItem } from '../item-size.ts';
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

/** What an event is stored with besides its data, about: its place, log time and type. */
const placeBytes = 80;

/** What an event takes as compact JSON, about, bytes. */
export function eventBytes({ data }: Pick<DomainEvent, 'data'>): number {
  return placeBytes + roughBytes(data);
}

/** A quarter of the time that counting JSON takes, which would be as much as folding an event. */
function roughBytes(value: unknown): number {
  if (typeof value === 'string') return value.length + 3;
  if (typeof value !== 'object' || value === null) return 6;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (const inner of value) bytes += roughBytes(inner);
    return bytes;
  }
  for (const name in value) bytes += name.length + 3 + roughBytes((value as Record<string, unknown>)[name]);
  return bytes;
}
