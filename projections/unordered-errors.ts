import { BanyanError } from 'banyan/runtime';
import type { GenerationId, Stuck } from './view-store.ts';

/** Items that other writers kept changing. */
export function itemsBusy(id: GenerationId, keys: readonly string[]): BanyanError {
  const some = keys.slice(0, 3).map((key) => JSON.stringify(key));
  return new BanyanError(
    'ITEMS_CONTESTED',
    `Items of view ${id.projection}, generation ${id.number}, were changed by another projector whenever this one wrote ` +
      `them (${some.join(', ')}). What was written stays, and nothing was recorded as done: the same events again will do.`,
    { details: { ...idOf(id), keys: keys.slice(0, 20) }, retryable: true },
  );
}

/** The projection waits for an operator: the key of an event cannot be told. */
export function projectionParked(id: GenerationId, { eventId, code, message }: Stuck): BanyanError {
  return new BanyanError(
    'PROJECTION_FAILED',
    `Projection ${id.projection}, generation ${id.number}, is parked at event ${eventId}: ${message}. Nothing is lost: ` +
      'what it has is served, and what comes waits in its event log. Correct the projection and build a new generation ' +
      `(banyan replay start ${id.projection}); or let it go on: banyan parked retry, banyan parked skip.`,
    { details: { ...idOf(id), eventId, failure: code } },
  );
}

/** A key of which something was asked that only a parked one can do. */
export function keyNotParked(id: GenerationId, key: string, found: string): BanyanError {
  return new BanyanError(
    'KEY_NOT_PARKED',
    `Key ${JSON.stringify(key)} of view ${id.projection}, generation ${id.number}, is not parked; it is ${found}. See ` +
      `the parked ones: banyan parked list ${id.projection}.`,
    { details: { ...idOf(id), key, found } },
  );
}

/** A projection of which something was asked that only a parked one can do. */
export function projectionNotParked(id: GenerationId): BanyanError {
  return new BanyanError(
    'PROJECTION_NOT_PARKED',
    `View ${id.projection}, generation ${id.number}, is not parked as a whole. See its parked keys: banyan parked list ` +
      `${id.projection}.`,
    { details: idOf(id) },
  );
}

function idOf({ projection, number }: GenerationId): { projection: string; generation: number } {
  return { projection, generation: number };
}
