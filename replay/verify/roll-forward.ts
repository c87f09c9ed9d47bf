import {
  compareOrderKeys,
  eventLogName,
  readEvents,
  type DomainEvent,
  type EventLogLine,
  type EventLogRef,
  type OrderKey,
  type Progress,
} from 'banyan/events';
import { foldEvent, keysOf, type AnyProjection, type Document, type Item } from 'banyan/projections';
import { canonicalJson, type LogReader } from 'banyan/runtime';

/** An event log that feeds the view. */
export interface FeedingLog {
  readonly ref: EventLogRef;
  readonly reader: LogReader<EventLogLine>;
}

/** What is rolled forward, and by what. */
export interface RollForward {
  /** The code that makes the view. */
  readonly projection: AnyProjection;
  /** The logs of one source: there positions are in order. */
  readonly logs: readonly FeedingLog[];
  /** What the items have for certain. */
  readonly from: Progress;
  /** Up to which position. */
  readonly to: number;
}

/** A key on its way. */
interface Rolled {
  readonly key: string;
  document: Document | undefined;
  /** Up to where it has everything; undefined: nothing is known of it. */
  readonly at: OrderKey | undefined;
  /** Events of a window behind that, in order, which the log may give again. */
  readonly waiting: DomainEvent[];
  /** It is parked, or waits for its catch-up: it is compared as it is shown. */
  isStill: boolean;
}

/**
 * What documents are at a position, from items that were read before: the events between are folded onto them, those of
 * their windows too. So a key that changes all the time can be compared at an exact place, which its stored document
 * never stands at. One whose event cannot be applied stops there.
 *
 * What it shows of a stored document is what is shown at a later time of it: a fault in it stays in the fold.
 * @returns the documents by key; a key without a document is left out
 */
export async function rollForward(
  keys: readonly string[],
  items: ReadonlyMap<string, Item>,
  given: RollForward,
): Promise<ReadonlyMap<string, Document>> {
  const rolled = new Map(
    keys.map((key): [string, Rolled] => [key, begin(given.projection, key, items.get(key))]),
  );
  for await (const event of merged(given)) {
    const concerned = keysOf(given.projection, event);
    if (concerned.kind === 'failed') continue;
    for (const key of concerned.keys) {
      const one = rolled.get(key);
      if (!one || (one.at && compareOrderKeys(event, one.at) <= 0)) continue;
      foldWaiting(given.projection, one, event);
      fold(given.projection, one, event);
    }
  }
  for (const one of rolled.values()) foldWaiting(given.projection, one);
  return new Map([...rolled].flatMap(([key, { document }]) => (document ? [[key, document] as const] : [])));
}

function begin(projection: AnyProjection, key: string, item: Item | undefined): Rolled {
  const { document, state } = item ?? { document: undefined, state: undefined };
  const shown = { key, document, at: undefined, waiting: [], isStill: false };
  switch (state?.kind) {
    case undefined:
      return shown;
    case 'settled':
    case 'removed':
      return { ...shown, at: state.at };
    case 'open': {
      const opened = { ...shown, ...state.base, waiting: [...state.window] };
      // What readers are shown must be what its base and its window make: another document is told as it is.
      const made = { ...opened, waiting: [...state.window] };
      foldWaiting(projection, made);
      return isSame(made.document, document) ? opened : { ...shown, isStill: true };
    }
    case 'behind':
      return { ...shown, isStill: true };
  }
}

function isSame(one: Document | undefined, other: Document | undefined): boolean {
  return (
    one === other || (one !== undefined && other !== undefined && canonicalJson(one) === canonicalJson(other))
  );
}

/** Folds what waits before an event; that event itself need not wait any more. Without one: all that waits. */
function foldWaiting(projection: AnyProjection, one: Rolled, before?: DomainEvent): void {
  for (let [first] = one.waiting; first; [first] = one.waiting) {
    const order = before === undefined ? -1 : compareOrderKeys(first, before);
    if (order > 0) return;
    one.waiting.shift();
    if (order < 0) fold(projection, one, first);
  }
}

function fold(projection: AnyProjection, one: Rolled, event: DomainEvent): void {
  if (one.isStill) return;
  const step = foldEvent(projection, one.key, one.document, event);
  if (step.kind === 'document') one.document = step.document;
  else if (step.kind === 'removed') one.document = undefined;
  else if (step.kind === 'failed') one.isStill = true;
}

/** The events of all logs, in order; one chunk of each is held. */
async function* merged({ projection, logs, from, to }: RollForward): AsyncGenerator<DomainEvent, void> {
  const types = new Set(projection.handlers.keys());
  const streams = logs.map(({ ref, reader }) => {
    const after = from[eventLogName(ref)];
    return eventsOf(readEvents(reader, ref, { types, to, ...(after && { after }) }));
  });
  const heads = await Promise.all(streams.map((stream) => stream.next()));
  try {
    for (;;) {
      let first: { readonly at: number; readonly event: DomainEvent } | undefined;
      heads.forEach((head, at) => {
        if (head.done === true) return;
        if (!first || compareOrderKeys(head.value, first.event) < 0) first = { at, event: head.value };
      });
      if (!first) return;
      yield first.event;
      const next = await streams[first.at]?.next();
      if (next) heads[first.at] = next;
    }
  } finally {
    for (const stream of streams) await stream.return();
  }
}

async function* eventsOf(
  chunks: AsyncIterable<{ readonly events: readonly DomainEvent[] }>,
): AsyncGenerator<DomainEvent, void> {
  for await (const { events } of chunks) yield* events;
}
