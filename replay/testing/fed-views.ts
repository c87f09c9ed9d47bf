import {
  compareOrderKeys,
  eventLogName,
  type EventLogRef,
  type LogCursor,
  type OrderKey,
  type Progress,
} from 'banyan/events';
import { nextRevision } from '../../projections/revision.ts';
import type { AtomicViewStore, Document, Generation, Item, ItemWrite } from 'banyan/projections';

/** An event of a made history: it adds to its key, removes it, or changes nothing of it. */
export interface MadeEvent {
  readonly at: OrderKey;
  readonly log: EventLogRef;
  readonly key: string;
  readonly kind: 'add' | 'remove' | 'touch';
  readonly amount: number;
}

/** What a made projection makes of a document after an event; the document is absent before the first. */
export type MadeFold = (document: Document | undefined, event: MadeEvent) => Document | 'removed' | undefined;

/** A generation that is fed from a made history, in its order, as many events at a time as the test says. */
export interface FedView {
  readonly generation: Generation;
  readonly isAtEnd: boolean;
  /** Applies the next events in one commit; then its cursors may stand anywhere before the next ones. */
  feed(events: number, ahead?: boolean): Promise<void>;
}

/** The events in their order. */
export function inOrder(events: readonly MadeEvent[]): MadeEvent[] {
  return [...events].sort((one, other) => compareOrderKeys(one.at, other.at));
}

/** Begins to feed a registered generation; the events must be in order. */
export function feedView(
  store: AtomicViewStore,
  generation: Generation,
  events: readonly MadeEvent[],
  fold: MadeFold,
): FedView {
  let applied = 0;
  let progress: Progress = generation.floor;
  return {
    generation,
    get isAtEnd() {
      return applied >= events.length;
    },
    feed: async (count, ahead = false) => {
      const batch = events.slice(applied, applied + count);
      applied += batch.length;
      const next = progressAfter(generation, events, applied, ahead);
      const writes = await writesOf(store, generation, batch, fold);
      const { conflicts } = await store.commit(generation, { writes, expected: progress, next });
      if (conflicts.length > 0) throw new Error(`conflicts: ${conflicts.join(', ')}`);
      progress = next;
    },
  };
}

async function writesOf(
  store: AtomicViewStore,
  generation: Generation,
  batch: readonly MadeEvent[],
  fold: MadeFold,
): Promise<ItemWrite[]> {
  const stored = await store.readMany(generation, [...new Set(batch.map(({ key }) => key))]);
  const items = new Map<string, Item>();
  for (const event of batch) {
    const { key, at } = event;
    const item = items.get(key) ?? stored.get(key);
    const made = fold(item?.document, event);
    if (made === undefined || (made === 'removed' && !item)) continue;
    const base = { key, revision: nextRevision(item?.revision, at.logTime) };
    items.set(
      key,
      made === 'removed'
        ? { ...base, state: { kind: 'removed', at } }
        : { ...base, document: made, state: { kind: 'settled', at } },
    );
  }
  return [...items.values()].map((item) => ({
    item,
    expected: stored.get(item.key)?.revision,
    indexEntries: [],
  }));
}

function progressAfter(
  { logs }: Generation,
  events: readonly MadeEvent[],
  applied: number,
  ahead: boolean,
): Progress {
  const cursors = logs.flatMap((log) => {
    const name = eventLogName(log);
    const cursor = cursorOf(
      events.map((event, at) => ({ event, done: at < applied })),
      name,
      ahead,
    );
    return cursor ? [[name, cursor] as const] : [];
  });
  return Object.fromEntries(cursors);
}

function cursorOf(
  events: readonly { readonly event: MadeEvent; readonly done: boolean }[],
  name: string,
  ahead: boolean,
): LogCursor | undefined {
  const own = events.filter(({ event }) => eventLogName(event.log) === name);
  const last = own.filter(({ done }) => done).at(-1)?.event.at;
  const next = own.find(({ done }) => !done)?.event.at;
  if (next && last?.position === next.position) return { position: next.position, index: last.index };
  if (ahead && next) return { position: next.position - 1 };
  return last && { position: last.position };
}

/** What `store` does, with something done before each read: writers at work while somebody reads. */
export function interrupted(store: AtomicViewStore, between: () => Promise<void>): AtomicViewStore {
  // Reads come at once; who feeds does one thing at a time.
  let last = Promise.resolve();
  const interrupt = (): Promise<void> => (last = last.then(between));
  return {
    ...store,
    progress: async (id) => (await interrupt(), store.progress(id)),
    scan: async (id, page) => (await interrupt(), store.scan(id, page)),
    readMany: async (id, keys) => (await interrupt(), store.readMany(id, keys)),
  };
}
