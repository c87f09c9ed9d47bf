import type { JsonObject } from 'banyan/runtime';
import type { z } from 'zod';

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

/**
 * Declares a domain event: its type, unique in the project, and its schema.
 *
 *     export const OrderPaid = event('OrderPaid', z.object({ orderId: z.string() }));
 */
export function event<const Type extends string, Data extends object>(
  type: Type,
  schema: z.ZodType<Data>,
): EventDefinition<Type, Data> {
  const make = (data: Data): NewEvent<Type, Data> => ({ type, data });
  return Object.assign(make, { kind: 'event' as const, type, schema });
}

/** An event's data as JSON; the translator has checked it against the schema. */
export type EventData = JsonObject;
