import type { DomainEvent, EventMeta, NewEvent } from 'banyan/events';
import { foldInOrder, keysOf, type FoldFailure, type Projection } from 'banyan/projections';
import { BanyanError, type JsonObject } from 'banyan/runtime';
import { placeInTime } from './time.ts';

/** An event of a test: as the definition makes it, or one of a log; what of its envelope matters may be given. */
export type GivenEvent = NewEvent & Partial<EventMeta>;

/** What became of the events. */
export interface Projected<Doc> {
  /** The documents by key, in key order. */
  readonly documents: ReadonlyMap<string, Doc>;
  /** The keys of an index's partition, in the order in which a gateway would give them. */
  index(name: string, partition: string): readonly string[];
}

type SettledItem = Exclude<Parameters<typeof foldInOrder>[2], undefined>;

/**
 * What a projection makes of events, in their order: each event is checked against its schema, each document too, as the
 * projector does.
 *
 *     projected(orderSummary, [OrderPlaced({ ... }), OrderPaid({ ... })]).documents.get('7')
 *
 * @throws BanyanError PROJECTION_FAILED, EVENT_INVALID
 */
export function projected<Name extends string, Doc, Indexes extends string>(
  projection: Projection<Name, Doc, Indexes>,
  events: Iterable<GivenEvent>,
): Projected<Doc> {
  const items = new Map<string, SettledItem>();
  const entries = new Map<string, readonly { index: string; partition: string; sort: string }[]>();
  let n = 0;
  for (const given of events) {
    const event = wholeEvent(given, (n += 1));
    if (!event) continue;
    const found = keysOf(projection, event);
    if (found.kind === 'failed') throw failed(projection.name, found.failure);
    for (const key of found.keys) {
      const result = foldInOrder(projection, key, items.get(key), [event]);
      if (result.kind === 'failed') throw failed(projection.name, result.failure, key);
      if (result.kind === 'unchanged') continue;
      items.set(key, result.item as SettledItem);
      entries.set(key, result.indexEntries);
    }
  }
  const documents = [...items].flatMap(([key, { document }]) => (document ? [[key, document] as const] : []));
  return {
    documents: new Map(documents.sort(([one], [other]) => (one < other ? -1 : 1))) as never,
    index: (name, partition) =>
      [...entries]
        .flatMap(([key, all]) => all.map((entry) => ({ key, ...entry })))
        .filter((entry) => entry.index === name && entry.partition === partition)
        .sort((one, other) => compare(one.sort, other.sort) || compare(one.key, other.key))
        .map(({ key }) => key),
  };

  function wholeEvent(given: GivenEvent, at: number): DomainEvent | undefined {
    const handled = projection.handlers.get(given.type);
    if (!handled) return undefined;
    const parsed = handled.event.schema.safeParse(given.data);
    if (!parsed.success) throw invalid(given.type, parsed.error.issues);
    return { ...envelope(given.type, at), ...given, data: parsed.data as JsonObject };
  }
}

function envelope(type: string, position: number): EventMeta {
  const at = placeInTime(position);
  return {
    id: `test:test@1:${position}:0`,
    type,
    source: 'test',
    translation: 'test',
    version: 1,
    position,
    index: 0,
    logTime: at,
    committedAt: at,
    traceparent: '00-00000000000000000000000000000001-0000000000000001-01',
    causedBy: `test:${position}`,
  };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function failed(projection: string, failure: FoldFailure, key?: string): BanyanError {
  const where = key === undefined ? '' : ` of key ${JSON.stringify(key)}`;
  return new BanyanError(
    'PROJECTION_FAILED',
    `Projection ${projection} cannot fold ${failure.eventType} (${failure.eventId})${where}: ${failure.message}.`,
    { details: { code: failure.code, ...failure.details }, cause: failure.cause },
  );
}

function invalid(
  type: string,
  issues: readonly { path: readonly PropertyKey[]; message: string }[],
): BanyanError {
  const lines = issues.map(
    ({ path, message }) => `${path.map(String).join('.') || '(the whole)'}: ${message}`,
  );
  return new BanyanError('EVENT_INVALID', `The given ${type} does not fit its schema: ${lines.join('; ')}.`);
}
