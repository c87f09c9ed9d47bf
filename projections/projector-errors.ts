import type { DomainEvent, Progress } from 'banyan/events';
import { BanyanError, canonicalJson, isBanyanError } from 'banyan/runtime';
import type { FoldFailure } from './failure.ts';
import type { GenerationId } from './view-store.ts';

/** A projection cannot go on at an event. @param key where it can be told */
export function projectionFailed(id: GenerationId, failure: FoldFailure, key?: string): BanyanError {
  const { code, eventId, eventType, message, details, cause } = failure;
  const where = key === undefined ? '' : `, key ${JSON.stringify(key)}`;
  return new BanyanError(
    'PROJECTION_FAILED',
    `Projection ${id.projection} stopped at event ${eventId} (${eventType})${where}: ${message}. ` +
      'Nothing is lost: its view keeps its place before this event. Correct the projection, or the translation ' +
      `that made the event, and build a new generation: banyan replay start ${id.projection}.`,
    {
      details: { ...idOf(id), key: key ?? null, eventId, eventType, failure: code, ...details },
      cause,
    },
  );
}

/** An event that comes after one that it should have come before. */
export function outOfOrder(id: GenerationId, event: DomainEvent): BanyanError {
  return new BanyanError(
    'EVENT_OUT_OF_ORDER',
    `Event ${event.id} (log time ${event.logTime}) reached view ${id.projection}, generation ${id.number}, after later ` +
      'events. Either the view subscribes to a log that it did not have when it was built, which needs a new generation, ' +
      'or the bus is not an ordered one.',
    { details: { ...idOf(id), eventId: event.id, logTime: event.logTime } },
  );
}

/** A bus that does not say where its subscriber stands. */
export function busUnordered(id: GenerationId): BanyanError {
  return new BanyanError(
    'BUS_NOT_ORDERED',
    `A delivery to view ${id.projection}, generation ${id.number}, came without its progress; expected an ordered bus, ` +
      'such as the local one.',
    { details: idOf(id) },
  );
}

/** Somebody else moved the progress of the generation. */
export function notAlone(id: GenerationId, expected: Progress, found: Progress): BanyanError {
  return new BanyanError(
    'PROJECTOR_NOT_ALONE',
    `Another projector moved view ${id.projection}, generation ${id.number}, to ${canonicalJson(found)}, while this one ` +
      `was at ${canonicalJson(expected)}. This one stops; nothing is lost. Run one projector for a generation.`,
    { details: { ...idOf(id), expected: canonicalJson(expected), found: canonicalJson(found) } },
  );
}

/** Somebody else keeps writing the items of the generation. */
export function itemsContested(id: GenerationId, keys: readonly string[]): BanyanError {
  return new BanyanError(
    'ITEMS_CONTESTED',
    `Items of view ${id.projection}, generation ${id.number}, were changed by another writer whenever this projector wrote ` +
      `them (${keys
        .slice(0, 3)
        .map((key) => JSON.stringify(key))
        .join(', ')}). Run one projector for a generation.`,
    { details: { ...idOf(id), keys: keys.slice(0, 20) } },
  );
}

/** The generation was built from a log that the projection does not subscribe to any more. */
export function subscriptionChanged(id: GenerationId, missing: readonly string[]): BanyanError {
  return new BanyanError(
    'SUBSCRIPTION_CHANGED',
    `View ${id.projection}, generation ${id.number}, was built from ${missing.join(', ')}, which the projection does not ` +
      'subscribe to any more. Mixing logs in one view would make it wrong: build a new generation, or subscribe as before.',
    { details: { ...idOf(id), missing } },
  );
}

/** What is wrong with one item, and not with the store. */
const ofAnItem = ['DOCUMENT_NOT_STORABLE', 'ITEM_UNREADABLE', 'WRITE_INVALID', 'LOG_TIME_INVALID'];

/** Whether an item is to blame, so that the others are written without it. */
export function isOfAnItem(error: unknown): error is BanyanError {
  return isBanyanError(error) && ofAnItem.includes(error.code);
}

/** Whether the same may succeed later. */
export function isRetryable(error: unknown): error is BanyanError {
  return isBanyanError(error) && error.retryable;
}

function idOf({ projection, number }: GenerationId): { projection: string; generation: number } {
  return { projection, generation: number };
}
