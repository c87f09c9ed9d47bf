import type { GenerationId, Item, Stuck } from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';

/** A key that waits for nothing. */
export function keyNotParked(
  { projection, number }: GenerationId,
  key: string,
  item: Item | undefined,
): BanyanError {
  const found = item?.state.kind ?? 'not there';
  return new BanyanError(
    'KEY_NOT_PARKED',
    `Key ${JSON.stringify(key)} of view ${projection}, generation ${number}, is not parked; it is ${found}. See the ` +
      `parked ones by banyan parked list ${projection}.`,
    { details: { projection, generation: number, key, found } },
  );
}

/** Another event than the named one is in the way. */
export function otherEvent(
  projection: string,
  what: string,
  eventId: string,
  { eventId: at }: Stuck,
): BanyanError {
  return new BanyanError(
    'EVENT_NOT_STUCK',
    `${what} of view ${projection} waits at event ${at}, not at ${eventId}. Look at it first: banyan parked list ${projection}.`,
    { details: { projection, given: eventId, found: at } },
  );
}

/** A view that does not stand still as a whole. */
export function projectionNotParked({ projection, number }: GenerationId): BanyanError {
  return new BanyanError(
    'PROJECTION_NOT_PARKED',
    `View ${projection}, generation ${number}, does not stand still. Name one of its parked keys: banyan parked list ${projection}.`,
    { details: { projection, generation: number } },
  );
}
