import { BanyanError, type JsonObject } from 'banyan/runtime';
import type { z } from 'zod';
import { isCarriableText } from './carriable-text.ts';

/** An event that a translation made; the translator gives it its id and place. */
export interface NewEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/** What every declared event has, whatever its data. */
export interface AnyEvent {
  readonly kind: 'event';
  readonly type: string;
  readonly schema: z.ZodType;
}

/** A declared type of domain event; called with data it makes a {@link NewEvent}. */
export interface EventDefinition<Type extends string, Data> extends AnyEvent {
  (data: Data): NewEvent<Type, Data>;
  readonly type: Type;
  readonly schema: z.ZodType<Data>;
}

/** The data of an event definition. */
export type DataOf<Definition> = Definition extends EventDefinition<string, infer Data> ? Data : never;

/** Characters of an event's type: what EventBridge takes as the type of a detail. */
const mostOfType = 128;

/**
 * Declares a domain event: its type, unique in the project, and its schema.
 *
 *     export const OrderPaid = event('OrderPaid', z.object({ orderId: z.string() }));
 *
 * @param type 1 to 128 characters, without U+FFFE, U+FFFF and halves of surrogate pairs: no bus takes others
 * @throws BanyanError EVENT_TYPE_INVALID
 */
export function event<const Type extends string, Data extends object>(
  type: Type,
  schema: z.ZodType<Data>,
): EventDefinition<Type, Data> {
  checkType(type);
  const make = (data: Data): NewEvent<Type, Data> => ({ type, data });
  return Object.assign(make, { kind: 'event' as const, type, schema });
}

function checkType(type: string): void {
  if (type.length > 0 && type.length <= mostOfType && isCarriableText(type)) return;
  const shown = JSON.stringify(type.slice(0, mostOfType));
  throw new BanyanError(
    'EVENT_TYPE_INVALID',
    `An event is declared with a type of ${String(type.length)} characters, ${shown}: expected are 1 to ` +
      `${String(mostOfType)}, none of them U+FFFE, U+FFFF or half of a surrogate pair, since no bus takes others. Give ` +
      'it a shorter, or another, name.',
    { details: { type, limit: mostOfType } },
  );
}

/** An event's data as JSON; the translator has checked it against the schema. */
export type EventData = JsonObject;
