import type { Logger } from 'banyan/runtime';
import type { GenerationId, Stuck } from '../view-store.ts';
import type { Converged } from './converge.ts';

/** A key that an event has just parked. */
export interface NewlyParked extends Stuck {
  readonly key: string;
}

/** The key, when this is what has parked it: a parked item is changed by no event. */
export function newlyParked(result: Converged): NewlyParked | undefined {
  if (result.kind === 'unchanged') return undefined;
  const { key, state } = result.item;
  if (state.kind !== 'behind' || state.cause.kind !== 'parked') return undefined;
  const { eventId, code, message } = state.cause;
  return { key, eventId, code, message };
}

/** Says so, once it is written. */
export function logParked(logger: Logger, { projection, number }: GenerationId, parked: NewlyParked): void {
  const { key, eventId, code, message } = parked;
  logger.warn(
    { projection, generation: number, key, eventId, code },
    `Key ${JSON.stringify(key)} of view ${projection}, generation ${number}, is parked at event ${eventId}: ${message}. ` +
      'Its document stays as it was before this event, and all other keys go on. ' +
      `Correct the projection and build a new generation: banyan replay start ${projection}.`,
  );
}
