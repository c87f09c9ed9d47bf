import type { AnyEvent, EventDefinition, EventMeta } from 'banyan/events';
import type { z } from 'zod';
import { indexRead, keyRead, type IndexRead, type KeyRead } from './read.ts';

/** What a handler returns to remove the document. */
export const removed: unique symbol = Symbol.for('banyan.removed') as never;
/** The type of {@link removed}. */
export type Removed = typeof removed;

/** How a projection folds one type of event. */
export interface Handler<Doc, Data> {
  /** The document's key, or several; none when the event does not concern the view. */
  key(data: Data, meta: EventMeta): string | readonly string[] | undefined;
  /** The new document; {@link removed}; or undefined to leave it as it is. Pure: of these arguments only. */
  apply(document: Doc | undefined, data: Data, meta: EventMeta, key: string): Doc | Removed | undefined;
}

/** A declared secondary index. */
export interface Index<Doc> {
  /** Undefined leaves the document out of the index. */
  partition(document: Doc): string | undefined;
  /** What orders the documents of a partition. Default: the key alone. */
  sort?(document: Doc): string | number;
}

/** An event's definition and how it is folded, without their types. */
interface RegisteredHandler {
  readonly event: AnyEvent;
  readonly handler: Handler<unknown, unknown>;
}

/** What every projection has, whatever it folds: for whoever runs it. */
export interface AnyProjection {
  readonly kind: 'projection';
  readonly name: string;
  readonly schema: z.ZodType;
  /** By event type. */
  readonly handlers: ReadonlyMap<string, RegisteredHandler>;
  readonly indexes: ReadonlyMap<string, Index<unknown>>;
}

/** A declared projection. Immutable: `on` and `index` return a new one. */
export interface Projection<Name extends string, Doc, Indexes extends string = never> extends AnyProjection {
  readonly name: Name;
  readonly schema: z.ZodType<Doc>;
  /** Folds an event. */
  on<Type extends string, Data>(
    event: EventDefinition<Type, Data>,
    handler: Handler<Doc, NoInfer<Data>>,
  ): Projection<Name, Doc, Indexes>;
  /** Adds a secondary index. */
  index<const IndexName extends string>(
    name: IndexName,
    index: Index<Doc>,
  ): Projection<Name, Doc, Indexes | IndexName>;
  /** Reads one document, its key being a path parameter's value or made from the parameters. */
  byKey<const Parameter extends string>(
    parameter: Parameter,
  ): KeyRead<{ readonly [P in Parameter]: string }, Doc>;
  byKey<Parameters>(key: (parameters: Parameters) => string | undefined): KeyRead<Parameters, Doc>;
  /** Reads a page of an index, its partition being a path parameter's value or made from the parameters. */
  by<const Parameter extends string>(
    index: Indexes,
    parameter: Parameter,
  ): IndexRead<{ readonly [P in Parameter]: string }, Doc>;
  by<Parameters>(
    index: Indexes,
    partition: (parameters: Parameters) => string | undefined,
  ): IndexRead<Parameters, Doc>;
}

/**
 * Declares a projection: a pure fold of domain events into documents, one document a key.
 *
 *     projection('order-summary', OrderSummary)
 *       .on(OrderPlaced, { key: (e) => e.orderId, apply: (_, e) => ({ ...e, status: 'placed' }) })
 *       .index('byCustomer', { partition: (d) => d.customerId, sort: (d) => d.placedAt })
 */
export function projection<const Name extends string, Doc extends object>(
  name: Name,
  schema: z.ZodType<Doc>,
): Projection<Name, Doc> {
  return build(name, schema, new Map(), new Map());
}

function build<Name extends string, Doc, Indexes extends string>(
  name: Name,
  schema: z.ZodType<Doc>,
  handlers: ReadonlyMap<string, RegisteredHandler>,
  indexes: ReadonlyMap<string, Index<unknown>>,
): Projection<Name, Doc, Indexes> {
  const self: Projection<Name, Doc, Indexes> = {
    kind: 'projection',
    name,
    schema,
    handlers,
    indexes,
    on: (event, handler) =>
      build(name, schema, new Map(handlers).set(event.type, { event, handler }), indexes),
    index: (indexName, index) => build(name, schema, handlers, new Map(indexes).set(indexName, index)),
    byKey: (from: string | ((parameters: never) => string | undefined)) => keyRead(self, parameter(from)),
    by: (index: string, from: string | ((parameters: never) => string | undefined)) =>
      indexRead(self, index, parameter(from)),
  };
  return self;
}

function parameter(
  from: string | ((parameters: never) => string | undefined),
): (parameters: never) => string | undefined {
  return typeof from === 'string' ? (parameters: Record<string, string>) => parameters[from] : from;
}
