import type { OrderKey } from './domain-event.ts';

/** Negative when `one` comes before `other`, 0 when they are the same place. Text is compared by code unit. */
export function compareOrderKeys(one: OrderKey, other: OrderKey): number {
  return (
    compareTexts(one.logTime, other.logTime) ||
    compareTexts(one.source, other.source) ||
    one.position - other.position ||
    compareTexts(one.translation, other.translation) ||
    one.index - other.index
  );
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
