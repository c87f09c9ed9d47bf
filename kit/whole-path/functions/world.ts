import { eventLogName, type DomainEvent } from 'banyan/events';
import { fromDetail, toDetail } from 'banyan/events/eventbridge';
import { covers, createTracker, type Generation, type Tracker, type ViewStore } from 'banyan/projections';
import type { SqsRecord } from 'banyan/projections/lambda';
import { isBanyanError, silentLogger } from 'banyan/runtime';
import { setTimeout as wait } from 'node:timers/promises';
import { timeAt, type Committed } from '../convergence/oracle.ts';
import { ToldLogs, toldLogs } from '../convergence/told-logs.ts';
import { trails } from '../convergence/view.ts';
import { troubleOf } from '../../../projections/item-state.ts';
import { coversEvent } from '../../../projections/progress.ts';
import { isWithinAny } from '../../../projections/tracker/position-ranges.ts';
import { patience } from '../../aws/account.ts';
import type { ExecutionEnvironment } from '../../lambda/execution-environment.ts';
import { callFunction, type CallWeather } from './calls.ts';
import { MessageQueue } from './message-queue.ts';

/** What may go wrong, and how often. */
export interface Weather extends CallWeather {
  readonly seed: number;
  /** Of the events: never brought. */
  readonly drop: number;
  /** How often one is brought at most. */
  readonly repeat: number;
  /** Whether tombstones are purged as soon as they may be. */
  readonly purge: boolean;
}

interface WorldOptions {
  readonly weather: Weather;
  readonly random: () => number;
  readonly store: ViewStore;
  /** The same as its tracker sees it. */
  readonly trackersStore: ViewStore;
  /** Starts a process of the function of {@link generation}. */
  readonly start: () => Promise<ExecutionEnvironment>;
  /** Nothing fails any more. */
  readonly calm: () => void;
}

const healAfterMs = 1000;
/** Instances of the function. */
const instances = 2;

/** The generation that the functions serve. */
export const generation: Generation = {
  ...{
    projection: trails.name,
    number: 1,
    state: { kind: 'live' },
    bundle: 'none',
    logs: toldLogs,
    floor: {},
  },
  ...{ indexes: [], createdAt: timeAt(0) },
};

/** A run of the path on AWS: queue, functions and their processes, DynamoDB, tracker. */
export class FunctionWorld {
  readonly lost = new Set<string>();
  readonly told = new ToldLogs();
  readonly #options: WorldOptions;
  readonly #queue: MessageQueue;
  readonly #tracker: Tracker;
  #now = Date.UTC(2026, 5, 1);
  #isOver = false;
  #isCalm = false;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#queue = new MessageQueue(options.random);
    this.#tracker = createTracker({
      ...{ projection: trails, generation, store: options.trackersStore, healAfterMs, logger: silentLogger },
      clock: { now: () => this.#now },
      logs: this.told.readers,
      tallies: this.told.feed,
      itemLimits: { windowEvents: 6, windowBytes: 1e6 },
      ...(options.weather.purge && { purgeAfterMs: 0 }),
    });
  }

  /** Lets the history happen under the weather, then waits for calm. */
  async run(history: readonly Committed[]): Promise<void> {
    const { random, store } = this.#options;
    await store.prepare();
    await store.createGeneration(generation);
    const functions = Promise.all(Array.from({ length: instances }, () => this.#call()));
    // Told at the end: it would be nobody's until then.
    functions.catch(() => undefined);
    try {
      for (const transaction of history) {
        this.#publish(this.told.append(transaction));
        this.#now += Math.floor(random() * 400);
        if (random() < 0.5) this.told.tally(this.#now);
        if (random() < 0.3) await this.#track();
        else await wait(Math.floor(random() * 10));
      }
      await Promise.race([this.#calm(), functions]);
    } finally {
      this.#isOver = true;
      await functions;
    }
  }

  #call(): Promise<void> {
    const { random, weather, start } = this.#options;
    return callFunction({
      ...{ queue: this.#queue, random, start },
      weather: () => (this.#isCalm ? { ...weather, kill: 0, sleep: 0, timeMs: 30_000 * patience } : weather),
      isOver: () => this.#isOver,
      onTaken: (records) => this.#expectRecorded(records),
    });
  }

  /** The view, or the record of what it has, must know every event whose message is gone: nobody brings it again. */
  async #expectRecorded(records: readonly SqsRecord[]): Promise<void> {
    const { store } = this.#options;
    // In this order: a receipt is removed behind the change of the tracking that makes up for it.
    const receipts = await store.receipts(generation, { limit: 1000 });
    const { watermark, done } = await store.tracking(generation);
    const received = new Set(
      receipts.flatMap(({ log, places }) => places.map((place) => `${log}:${place.position}:${place.index}`)),
    );
    for (const event of records.map(eventOf)) {
      const log = eventLogName(event);
      const isKnown =
        received.has(event.id) ||
        coversEvent(watermark, event) ||
        isWithinAny(done[log] ?? [], event.position);
      if (!isKnown) throw new Error(`the message of ${event.id} was taken, and its event is not recorded`);
    }
  }

  #publish(events: readonly DomainEvent[]): void {
    const { random, weather } = this.#options;
    for (const event of events) {
      if (!trails.handlers.has(event.type)) continue;
      if (random() < weather.drop) {
        this.lost.add(event.id);
        continue;
      }
      const copies = 1 + Math.floor(random() ** 3 * weather.repeat);
      for (let copy = 0; copy < copies; copy += 1) this.#queue.send(messageOf(event));
    }
  }

  async #track(): Promise<void> {
    try {
      await this.#tracker.run();
    } catch (error) {
      // The next run does what this one could not.
      if (!isBanyanError(error) || !error.retryable) throw error;
    }
  }

  async #calm(): Promise<void> {
    this.#isCalm = true;
    this.#options.calm();
    this.told.tick();
    const end = Date.now() + 60_000 * patience;
    while (!(await this.#isComplete())) {
      if (Date.now() > end) throw new Error('the view does not become complete');
      this.told.tally(this.#now);
      this.#now += 500;
      await this.#track();
      await wait(5);
    }
  }

  async #isComplete(): Promise<boolean> {
    const { store } = this.#options;
    if (!this.#queue.isEmpty) return false;
    if ((await store.receipts(generation, { limit: 1 })).length > 0) return false;
    if (!covers(await store.progress(generation), this.told.end)) return false;
    // By the items themselves: the list of those in trouble may be late.
    const { items, next } = await store.scan(generation, { limit: 1000 });
    if (next !== undefined) throw new Error('no history here has so many items');
    const troubles = new Set(items.map(({ state }) => troubleOf(state)));
    return !troubles.has('doubt') && !troubles.has('window');
  }
}

function eventOf({ body }: SqsRecord): DomainEvent {
  const detail = fromDetail((JSON.parse(body) as { readonly detail: unknown }).detail);
  if (detail.kind !== 'event') throw new Error(`no event: ${body}`);
  return detail.event;
}

/** EventBridge's envelope (EventBridge user guide, "Events"), as it lies in a queue. */
function messageOf(event: DomainEvent): string {
  const { source, type, id } = event;
  return JSON.stringify({
    ...{ version: '0', id, 'detail-type': type, source: `banyan.${source}`, account: '000000000000' },
    ...{ time: '2026-06-01T00:00:00Z', region: 'us-east-1', resources: [] },
    detail: JSON.parse(toDetail(event)) as unknown,
  });
}
