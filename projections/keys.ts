import type { DomainEvent } from 'banyan/events';
import { failure, threw, type FoldFailure } from './failure.ts';
import { deepFreeze } from './frozen.ts';
import { escapeText } from './index-key.ts';
import { isTooLong, textLimits } from './item-rules.ts';
import { metaOf } from './meta.ts';
import type { AnyProjection } from './projection.ts';

/** The keys of the documents that an event concerns, or why they cannot be told. */
export type KeysResult =
  | { readonly kind: 'keys'; readonly keys: readonly string[] }
  | { readonly kind: 'failed'; readonly failure: FoldFailure };

const none: KeysResult = { kind: 'keys', keys: [] };

/** Asks the projection's key function. Pure. Each key once, however often it was named. */
export function keysOf(projection: AnyProjection, event: DomainEvent): KeysResult {
  const handler = projection.handlers.get(event.type)?.handler;
  if (!handler) return none;
  try {
    const named = handler.key(deepFreeze(event.data), metaOf(event));
    if (named === undefined) return none;
    if (typeof named === 'string' && named !== '' && !isTooLong('key', escapeText(named)))
      return { kind: 'keys', keys: [named] };
    const keys = typeof named === 'string' ? [named] : [...new Set(named)];
    const wrong = keys.find(
      (key) => typeof key !== 'string' || key === '' || isTooLong('key', escapeText(key)),
    );
    return wrong === undefined ? { kind: 'keys', keys } : invalid(event, wrong);
  } catch (error) {
    return { kind: 'failed', failure: threw(event, 'KEY_INVALID', `\`key\` of ${event.type}`, error) };
  }
}

function invalid(event: DomainEvent, key: unknown): KeysResult {
  const found = typeof key === 'string' ? `a text of ${Buffer.byteLength(key)} bytes` : typeof key;
  const message = `\`key\` of ${event.type} gave ${found}; expected a text of 1 to ${textLimits.key} bytes, several, or undefined`;
  return { kind: 'failed', failure: failure(event, 'KEY_INVALID', message) };
}
