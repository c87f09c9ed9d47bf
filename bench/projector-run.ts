import { eventLogName, type DomainEvent, type EventLogLine, type MergedLog, type Tally } from 'banyan/events';
import {
  applyUnordered,
  createTracker,
  foldEvent,
  keysOf,
  nextRevision,
  orderKeyOf,
  trackingView,
  type AtomicViewStore,
  type Document,
  type Generation,
  type ItemWrite,
} from 'banyan/projections';
import { silentLogger, systemClock, type LogReader } from 'banyan/runtime';
import { log } from './replay-log.ts';
import view from './replay-view.ts';

/** Events of a batch, and after how many the tracker runs: as with a tally each second at that many events a second. */
const batchEvents = 100;
const tallyEvents = 2000;

/** What is projected. */
export interface ProjectorInput {
  readonly store: AtomicViewStore;
  readonly generation: Generation;
  /** As they arrive. */
  readonly events: readonly DomainEvent[];
  /** Where they are kept, in order. */
  readonly reader: LogReader<EventLogLine>;
}

/** Batches as both projectors get them. */
function* batchesOf(events: readonly DomainEvent[]): Generator<readonly DomainEvent[]> {
  for (let at = 0; at < events.length; at += batchEvents) yield events.slice(at, at + batchEvents);
}

/** The projector that trusts the order: it reads, folds and writes in the same batches, and that is all. */
export async function projectNaively({ store, generation, events }: ProjectorInput): Promise<void> {
  for (const batch of batchesOf(events)) {
    const byKey = new Map<string, DomainEvent[]>();
    for (const event of batch) {
      const found = keysOf(view, event);
      for (const key of found.kind === 'keys' ? found.keys : []) {
        const others = byKey.get(key);
        if (others) others.push(event);
        else byKey.set(key, [event]);
      }
    }
    const items = await store.readMany(generation, [...byKey.keys()]);
    const writes: ItemWrite[] = [];
    for (const [key, some] of byKey) {
      const item = items.get(key);
      let document: Document | undefined = item?.document;
      for (const event of some) {
        const step = foldEvent(view, key, document, event);
        if (step.kind === 'document') document = step.document;
      }
      const last = some.at(-1);
      if (!last || !document) continue;
      const revision = nextRevision(item?.revision, last.logTime);
      const state = { kind: 'settled' as const, at: orderKeyOf(last) };
      writes.push({ item: { key, revision, document, state }, expected: item?.revision, indexEntries: [] });
    }
    await store.writeMany(generation, writes);
  }
}

/** Banyan's, with receipts and the tracker, up to a complete view. */
export async function projectConvergently(input: ProjectorInput): Promise<void> {
  const { store, generation, events, reader } = input;
  const tracking = trackingView({ store, generation, clock: systemClock });
  const target = { projection: view, generation, store, tracking, logger: silentLogger };
  const logs: readonly MergedLog[] = [{ log, reader }];
  const arrived = new Arrivals(events);
  const tracker = createTracker({
    ...{ projection: view, generation, store, logs, clock: systemClock, logger: silentLogger },
    tallies: { tallies: (_, after) => arrived.tallies(after) },
  });
  for (const batch of batchesOf(events)) {
    await applyUnordered(target, batch);
    if (!arrived.add(batch.length)) continue;
    await tracker.run();
    await tracking.fresh();
  }
  arrived.addAll();
  await tracker.run();
}

/** Tallies of what was said up to now: the log's part that holds as many events as have arrived. */
export class Arrivals {
  readonly #inOrder: readonly DomainEvent[];
  readonly #tallies: Tally[] = [];
  #arrived = 0;
  #counted = 0;

  constructor(events: readonly DomainEvent[]) {
    this.#inOrder = [...events].sort(
      (one, other) => one.position - other.position || one.index - other.index,
    );
  }

  /** @returns whether there is a new tally */
  add(events: number): boolean {
    this.#arrived += events;
    return this.#arrived - this.#counted >= tallyEvents && this.#count(this.#arrived);
  }

  addAll(): void {
    this.#count(this.#inOrder.length);
  }

  async *tallies(after: number): AsyncGenerator<Tally> {
    for (const tally of this.#tallies) if (tally.to > after) yield await Promise.resolve(tally);
  }

  #count(upTo: number): boolean {
    // Whole transactions only.
    let end = upTo;
    while (end < this.#inOrder.length && this.#inOrder[end]?.position === this.#inOrder[end - 1]?.position)
      end += 1;
    const some = this.#inOrder.slice(this.#counted, end);
    const last = some.at(-1);
    if (!last) return false;
    const after = this.#tallies.at(-1)?.to ?? 0;
    this.#counted = end;
    this.#tallies.push({
      ...{ log: eventLogName(log), after, to: last.position, logTime: last.logTime },
      ...{ at: new Date().toISOString(), counts: { OrderPlaced: some.length } },
    });
    return true;
  }
}
