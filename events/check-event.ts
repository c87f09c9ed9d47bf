import { BanyanError, isBanyanError, toError, type JsonObject } from 'banyan/runtime';
import type { AnyEvent, NewEvent } from './event.ts';
import { nonJsonPath } from './json-path.ts';

/** The declared events by type. */
export type EventTypes = ReadonlyMap<string, AnyEvent>;

/** Where a translation is. */
export interface TranslationPlace {
  /** `shop:orders@1`. */
  readonly log: string;
  readonly position: number;
}

/**
 * Checks an event's data against its declared schema.
 * @returns what the schema made of it, which is what is stored: an object schema leaves undeclared fields out, a
 *   strict one refuses them
 * @throws BanyanError TRANSLATION_FAILED
 */
export function checkedData(events: EventTypes, event: NewEvent, place: TranslationPlace): JsonObject {
  const definition = events.get(event.type);
  if (!definition) throw undeclaredEvent(event, place);
  const parsed = definition.schema.safeParse(event.data);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, code }) => `${pathText(path)} (${code})`);
    throw invalidEvent(event, place, issues, 'does not fit its schema');
  }
  const strange = nonJsonPath(parsed.data);
  if (strange) throw invalidEvent(event, place, [pathText(strange)], 'holds what JSON cannot hold');
  return parsed.data as JsonObject;
}

/** Makes what a translation threw tell where it was and what to do. */
export function translationFailed(thrown: unknown, place: TranslationPlace): BanyanError {
  if (isBanyanError(thrown, 'TRANSLATION_FAILED')) return thrown;
  const cause = toError(thrown);
  // The message of a foreign error may hold values of rows: it stays in the cause.
  const what = isBanyanError(cause)
    ? cause.message
    : `It threw ${cause.name}, which is the cause of this error.`;
  return failure(place, `failed. ${what}`, { reason: isBanyanError(cause) ? cause.code : cause.name }, cause);
}

function undeclaredEvent(event: NewEvent, place: TranslationPlace): BanyanError {
  const { type } = event;
  return failure(place, `made an event of the type "${type}", which its group does not declare.`, { type });
}

function invalidEvent(
  event: NewEvent,
  place: TranslationPlace,
  issues: readonly string[],
  what: string,
): BanyanError {
  const { type } = event;
  return failure(place, `made a ${type} whose data ${what}: ${issues.join(', ')}.`, { type, issues });
}

function failure(place: TranslationPlace, what: string, details: JsonObject, cause?: unknown): BanyanError {
  const { log, position } = place;
  return new BanyanError(
    'TRANSLATION_FAILED',
    `Translation ${log} at position ${String(position)} ${what} It has stopped before this position and lost ` +
      `nothing. What runs keeps its code: fix it, give it the next version, and see "banyan replay plan".`,
    { details: { log, position, ...details }, cause },
  );
}

function pathText(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the data itself' : path.map(String).join('.');
}
