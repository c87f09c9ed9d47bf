import {
  compareOrderKeys,
  event,
  eventLogName,
  eventsOfLine,
  type DomainEvent,
  type EventLogLine,
  type EventLogRef,
  type MergedLog,
  type Tally,
  type TallyFeed,
} from 'banyan/events';
import { silentLogger, type Clock, type Line } from 'banyan/runtime';
import { z } from 'zod';
import { historyReader } from '../../events/testing/history-reader.ts';
import { applyUnordered, type AppliedUnordered, type UnorderedTarget } from '../apply-unordered.ts';
import type { ConvergeLimits } from '../converge/limits.ts';
import { createMemoryViewStore } from '../memory-view-store.ts';
import { createTracker, type Tracker, type TrackerOptions } from '../tracker/tracker.ts';
import { trackingView } from '../tracking-view.ts';
import type { Document, Generation, Item, ViewStore } from '../view-store.ts';
import { counters, expectedCounters } from './counters.ts';
import { allPages, at, newGeneration } from './examples.ts';

const keys = z.object({ keys: z.array(z.string()) });
let isPoisonous = true;

/** Of `Poison`: whether it cannot be applied, as when something outside of the code is missing. */
export function setPoisonous(poisonous: boolean): void {
  isPoisonous = poisonous;
}

/** Counts, and events that cannot be applied. */
export const fragile = counters
  .on(event('Poison', keys), {
    key: (data) => data.keys,
    apply: (document) => {
      if (isPoisonous) throw new Error('it cannot be applied');
      return document;
    },
  })
  .on(event('Needs', keys), {
    key: (data) => data.keys,
    apply: (document) => {
      if (!document) throw new Error('there is nothing to change');
      return document;
    },
  })
  .on(event('Large', keys), {
    key: (data) => data.keys,
    apply: (document) => ({ count: 0, hash: 0, group: '', ...document, more: 'x'.repeat(400 * 1024) }),
  })
  .on(event('Nowhere', keys), {
    key: () => {
      throw new Error('its key cannot be told');
    },
    apply: (document) => document,
  });

/** Two sources. */
export const shopLog: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };
export const crmLog: EventLogRef = { source: 'crm', translation: 'contacts', version: 1 };

/** What is said of some keys: `['Counted', 'a', 'b']`. */
export type Said = readonly [type: string, ...keys: string[]];

/** An event for each thing said. */
type EventsOf<All extends readonly Said[]> = { readonly [Place in keyof All]: DomainEvent };

/** An event log in memory with its tallies. */
class GrowingLog implements MergedLog {
  readonly log: EventLogRef;
  readonly lines: (EventLogLine & Line<object>)[] = [];
  readonly events: DomainEvent[] = [];
  readonly tallies: Tally[] = [];
  /** Events of a line: a transaction may be several. */
  perLine = Infinity;

  constructor(log: EventLogRef) {
    this.log = log;
  }

  get reader(): MergedLog['reader'] {
    const now = (): MergedLog['reader'] => historyReader({ log: this.log, lines: this.lines }, 3);
    return { head: () => now().head(), read: (options) => now().read(options) };
  }

  get name(): string {
    return eventLogName(this.log);
  }

  get end(): number {
    return this.lines.at(-1)?.position ?? 0;
  }

  append(position: number, said: readonly Said[]): readonly DomainEvent[] {
    const { logTime } = at(position);
    const frame = { position, previous: this.end, logTime, committedAt: logTime };
    if (said.length === 0) this.lines.push({ ...frame, part: 0, last: true, kind: 'tick' });
    const told = said.map(([type, ...of], index) => {
      const id = `${eventLogName(this.log)}:${String(position)}:${String(index)}`;
      return { id, type, data: { keys: of } };
    });
    const made: DomainEvent[] = [];
    for (let first = 0; first < told.length; first += this.perLine) {
      const events = told.slice(first, first + this.perLine);
      const last = first + this.perLine >= told.length;
      const part = { part: first / this.perLine, last, kind: 'events', first, events } as const;
      this.lines.push({ ...frame, ...part });
      made.push(...eventsOfLine(this.log, { ...frame, ...part }));
    }
    this.events.push(...made);
    return made;
  }

  /** Counts what came since the last tally, or since a position. */
  tally(now: number, after = this.tallies.at(-1)?.to ?? 0): void {
    const last = this.lines.at(-1);
    if (!last || last.position <= after) return;
    const counts: Record<string, number> = {};
    for (const { type, position } of this.events)
      if (position > after) counts[type] = (counts[type] ?? 0) + 1;
    const [log, atTime] = [eventLogName(this.log), new Date(now).toISOString()];
    this.tallies.push({ log, after, to: last.position, logTime: last.logTime, at: atTime, counts });
  }
}

/** A generation on an unordered bus and all around it; the test says what happens, and when. */
export class UnorderedView {
  readonly projection = fragile;
  readonly store: ViewStore;
  readonly generation: Generation;
  readonly logs: readonly GrowingLog[];
  /** What the clock tells, milliseconds. */
  now = Date.UTC(2026, 5, 1);
  #position = 0;

  private constructor(store: ViewStore, generation: Generation, logs: readonly GrowingLog[]) {
    this.store = store;
    this.generation = generation;
    this.logs = logs;
  }

  static async begin(
    refs: readonly EventLogRef[] = [shopLog],
    store: ViewStore = createMemoryViewStore(),
    given: Partial<Generation> = {},
  ): Promise<UnorderedView> {
    const generation = await newGeneration(store, { logs: refs, state: { kind: 'live' }, ...given });
    return new UnorderedView(
      store,
      generation,
      refs.map((log) => new GrowingLog(log)),
    );
  }

  get clock(): Clock {
    return { now: () => this.now };
  }

  get tallies(): TallyFeed {
    const logOf = (ref: EventLogRef): GrowingLog => this.#logOf(ref);
    return {
      async *tallies(ref, after) {
        for (const tally of [...logOf(ref).tallies]) if (tally.to > after) yield tally;
      },
    };
  }

  readerOf(ref: EventLogRef): MergedLog['reader'] {
    return this.#logOf(ref).reader;
  }

  #logOf(ref: EventLogRef): GrowingLog {
    const found = this.logs.find(({ log }) => eventLogName(log) === eventLogName(ref));
    if (!found) throw new Error(`${eventLogName(ref)} is none of the logs`);
    return found;
  }

  /** The first log. */
  get log(): GrowingLog {
    const [first] = this.logs;
    if (!first) throw new Error('a view has a log at least');
    return first;
  }

  /** A transaction of the first log, or of another, later than all before it; without events a tick. */
  append<const All extends readonly Said[]>(...said: All): EventsOf<All> {
    return this.appendTo<All>(0, ...said);
  }

  appendTo<const All extends readonly Said[]>(log: number, ...said: All): EventsOf<All> {
    this.#position += 1;
    return (this.logs[log]?.append(this.#position, said) ?? []) as EventsOf<All>;
  }

  /** A tick in each log, and a tally of all that came. */
  tally(): void {
    for (const log of this.logs.keys()) this.appendTo(log);
    for (const log of this.logs) log.tally(this.now);
  }

  target(given: Partial<UnorderedTarget> & { readonly everyMs?: number } = {}): UnorderedTarget {
    const { everyMs, ...rest } = given;
    const { projection, generation, clock } = this;
    const store = rest.store ?? this.store;
    const tracking = trackingView({ store, generation, clock, ...(everyMs !== undefined && { everyMs }) });
    return { projection, generation, store, tracking, logger: silentLogger, ...rest };
  }

  /** What a projector does that was just started. */
  apply(events: readonly DomainEvent[], limits?: ConvergeLimits): Promise<AppliedUnordered> {
    return applyUnordered(this.target(limits && { limits }), events);
  }

  tracker(given: Partial<TrackerOptions> = {}): Tracker {
    const { projection, generation, store, logs, tallies, clock } = this;
    return createTracker({
      projection,
      generation,
      store,
      logs,
      tallies,
      clock,
      logger: silentLogger,
      ...given,
    });
  }

  /** All events of all logs, in order. */
  get history(): readonly DomainEvent[] {
    return this.logs.flatMap(({ events }) => events).sort(compareOrderKeys);
  }

  async items(): Promise<ReadonlyMap<string, Item>> {
    const items = await allPages((after) =>
      this.store.scan(this.generation, { limit: 100, ...(after !== undefined && { after }) }),
    );
    return new Map(items.map((item) => [item.key, item]));
  }

  async documents(): Promise<ReadonlyMap<string, Document>> {
    const items = await this.items();
    return new Map([...items].flatMap(([key, { document }]) => (document ? [[key, document]] : [])));
  }

  /** The fold of what was counted and cleared, in order. */
  get expected(): ReadonlyMap<string, Document> {
    return expectedCounters(this.history.filter(({ type }) => type === 'Counted' || type === 'Cleared'));
  }
}
