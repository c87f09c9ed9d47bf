import { logEnds, type DomainEvent, type Progress } from 'banyan/events';
import { covers, createMemoryViewStore, type AtomicViewStore, type Generation } from 'banyan/projections';
import { silentLogger, type Clock } from 'banyan/runtime';
import { applyUnordered } from '../../../projections/apply-unordered.ts';
import { createTracker } from '../../../projections/tracker/tracker.ts';
import { trackingView } from '../../../projections/tracking-view.ts';
import { foldPartition } from '../../../replay/rebuild/fold-partition.ts';
import { Fibers, type Fiber, type Gate } from './fibers.ts';
import { gatedStore } from './gated-store.ts';
import { timeAt, type Committed } from './oracle.ts';
import { eventsOf, ToldLogs, toldLogs } from './told-logs.ts';
import { trails } from './view.ts';

/** What may go wrong, and how often. */
export interface Weather {
  readonly seed: number;
  /** Of the events, for each generation: never brought. */
  readonly drop: number;
  /** How often one is brought at most. */
  readonly repeat: number;
  /** Events that a projector takes at once. */
  readonly batch: number;
  /** In a step of the world: that somebody is killed, or goes to sleep. */
  readonly kill: number;
  readonly sleep: number;
  /** Milliseconds for which a projector takes what it knows of the watermark to be good: for ever, too. */
  readonly everyMs: number;
  /** Events that a window may hold. */
  readonly windowEvents: number;
  /** Whether tombstones are purged as soon as the watermark has passed them. */
  readonly purge: boolean;
  /** Part of the history after which the view is built anew; above 1: never. */
  readonly replayAt: number;
}

const group = 'sales';
const projectors = 3;
const trackers = 2;
const healAfterMs = 1000;

/** A generation that is fed, and what the bus still has to bring to it. */
interface Fed {
  readonly generation: Generation;
  readonly pending: DomainEvent[];
  /** Never brought, by id. */
  readonly lost: Set<string>;
  /** Batches that a projector has taken and not done. */
  taken: number;
  /** Whether its projectors and trackers may begin. */
  isOpen: boolean;
}

/** A run of the whole convergent path: bus, projectors, trackers, a replay; any of them may die or sleep at any call. */
export class World {
  readonly store: AtomicViewStore = createMemoryViewStore();
  readonly fed: Fed[] = [];
  readonly #weather: Weather;
  readonly #random: () => number;
  readonly #fibers: Fibers;
  readonly #told = new ToldLogs();
  readonly #places = new Map<string, Fiber>();
  #now = Date.UTC(2026, 5, 1);
  #isCalm = false;

  constructor(weather: Weather, random: () => number) {
    this.#weather = weather;
    this.#random = random;
    this.#fibers = new Fibers(random);
  }

  /** Lets the history happen under the weather, then waits for calm. */
  async run(history: readonly Committed[]): Promise<void> {
    await this.store.prepare();
    const first = await this.#generation(1, 'live');
    await this.store.movePointer(group, 0, { [trails.name]: 1 });
    this.#feed(first).isOpen = true;
    for (const [at, transaction] of history.entries()) {
      this.#publish(this.#told.append(transaction));
      if (at === Math.floor(history.length * this.#weather.replayAt)) await this.#replay();
      if (this.#random() < 0.5) this.#told.tally(this.#now);
      const steps = Math.floor(this.#random() * 30);
      for (let step = 0; step < steps; step += 1) await this.#step();
    }
    await this.#calm();
  }

  /** Where every log ends. */
  get end(): ToldLogs['end'] {
    return this.#told.end;
  }

  async #step(): Promise<void> {
    this.#now += Math.floor(this.#random() * 40);
    this.#begin();
    const { kill, sleep } = this.#weather;
    const mortal = this.#fibers.running;
    const victim = mortal[Math.floor(this.#random() * mortal.length)];
    if (victim && !this.#isCalm && victim.name !== 'replay') {
      const luck = this.#random();
      if (luck < kill) this.#fibers.kill(victim);
      else if (luck < kill + sleep) victim.asleepUntil = this.#fibers.step + Math.floor(this.#random() * 400);
    }
    await this.#fibers.next();
  }

  /** Every process that is not there is started again. */
  #begin(): void {
    for (const fed of this.fed) {
      if (!fed.isOpen) continue;
      for (let at = 0; at < projectors; at += 1)
        this.#place(`${fed.generation.number}p${at}`, (gate) => this.#project(fed, gate));
      for (let at = 0; at < trackers; at += 1)
        this.#place(`${fed.generation.number}t${at}`, (gate) => this.#track(fed, gate));
    }
  }

  #place(name: string, work: (gate: Gate) => Promise<void>): void {
    if (!this.#fibers.isRunning(this.#places.get(name)))
      this.#places.set(name, this.#fibers.start(name, work));
  }

  /** One process: takes what the bus brings, applies it, and only then has the bus forget it. */
  async #project(fed: Fed, gate: Gate): Promise<void> {
    const { generation, pending } = fed;
    const { windowEvents, everyMs } = this.#weather;
    const store = gatedStore(this.store, gate);
    const tracking = trackingView({ store, generation, clock: this.#clock, everyMs });

    const limits = { windowEvents, windowBytes: 1e6 };
    const of = { projection: trails, generation, store, tracking };
    const target = { ...of, logger: silentLogger, limits, pause: gate };
    for (let round = 0; round < 5; round += 1) {
      await gate();
      const batch = this.#take(pending);
      if (batch.length === 0) continue;
      let isDone = false;
      fed.taken += 1;
      try {
        await applyUnordered(target, batch);
        isDone = true;
      } finally {
        fed.taken -= 1;
        if (!isDone) pending.push(...batch);
      }
    }
  }

  #take(pending: DomainEvent[]): DomainEvent[] {
    const size = 1 + Math.floor(this.#random() * this.#weather.batch);
    const taken: DomainEvent[] = [];
    while (taken.length < size && pending.length > 0) {
      taken.push(...pending.splice(Math.floor(this.#random() * pending.length), 1));
    }
    return taken;
  }

  async #track({ generation }: Fed, gate: Gate): Promise<void> {
    await gate();
    const { windowEvents, purge } = this.#weather;
    const tracker = createTracker({
      ...{ projection: trails, generation, healAfterMs, logger: silentLogger, clock: this.#clock },
      ...{ store: gatedStore(this.store, gate), pause: gate },
      logs: this.#told.readers,
      tallies: this.#told.feed,
      itemLimits: { windowEvents, windowBytes: 1e6 },
      ...(purge && { purgeAfterMs: 0 }),
    });
    await tracker.run();
  }

  get #clock(): Clock {
    return { now: () => this.#now };
  }

  /** What the bus will bring of the events, to each generation by chance. */
  #publish(events: readonly DomainEvent[], to: readonly Fed[] = this.fed): void {
    for (const event of events) {
      if (!trails.handlers.has(event.type)) continue;
      for (const { pending, lost } of to) {
        if (this.#random() < this.#weather.drop) lost.add(event.id);
        else {
          const copies = 1 + Math.floor(this.#random() ** 3 * this.#weather.repeat);
          for (let copy = 0; copy < copies; copy += 1) pending.push(event);
        }
      }
    }
  }

  /** The subscription begins behind the floor: also with what was said before there was one. */
  #publishBefore(fed: Fed, floor: Progress, subscribed: Progress): void {
    for (const [name, log] of this.#told.all) {
      const [from, to] = [floor[name]?.position ?? 0, subscribed[name]?.position ?? 0];
      for (const { position } of log.lines)
        if (position > from && position <= to) this.#publish(eventsOf(log, position), [fed]);
    }
  }

  /** Subscribes a new generation, builds it from the logs beside everything else, and promotes it when it is as far. */
  async #replay(): Promise<void> {
    const building = await this.#generation(2, 'building');
    const fed = this.#feed(building);
    const subscribed = this.#told.end;
    this.#fibers.start('replay', async (gate) => {
      const store = gatedStore(this.store, gate);
      const { readers } = this.#told;
      const { progress: floor } = await foldPartition({
        ...{
          projection: trails,
          generation: building,
          store,
          logs: readers,
          from: {},
          to: await logEnds(readers),
        },
        ...{
          isFresh: true,
          cacheBytes: 1e6,
          partition: 0,
          partitions: 1,
          onCheckpoint: () => Promise.resolve(),
        },
      });
      await store.commit(building, { writes: [], expected: {}, next: floor });
      await store.changeGeneration(building, 'building', { state: { kind: 'ready' }, floor });
      this.#publishBefore(fed, floor, subscribed);
      fed.isOpen = true;
      for (;;) {
        await gate();
        const [one, two] = [await store.progress(building), await store.progress({ ...building, number: 1 })];
        if (covers(one, two)) break;
      }
      await store.movePointer(group, 1, { [trails.name]: 2 });
    });
  }

  #feed(generation: Generation): Fed {
    const fed = { generation, pending: [], lost: new Set<string>(), taken: 0, isOpen: false };
    this.fed.push(fed);
    return fed;
  }

  #generation(number: number, kind: 'live' | 'building'): Promise<Generation> {
    return this.store.createGeneration({
      ...{
        projection: trails.name,
        number,
        state: { kind },
        bundle: 'none',
        logs: toldLogs,
        floor: {},
        indexes: [],
      },
      createdAt: timeAt(0),
    });
  }

  /** Nobody dies any more, who sleeps wakes up in time; until every view is complete and nothing is on its way. */
  async #calm(): Promise<void> {
    this.#isCalm = true;
    this.#told.tick();
    for (let round = 0; round < 20_000; round += 1) {
      if (round % 100 === 0) this.#told.tally(this.#now);
      this.#now += 50;
      await this.#step();
      if (round % 20 === 0 && (await this.#isComplete())) return;
    }
    throw new Error('the view does not become complete');
  }

  async #isComplete(): Promise<boolean> {
    if (this.#fibers.running.some(({ name }) => name === 'replay')) return false;
    for (const { generation, pending, isOpen, taken } of this.fed) {
      if (!isOpen || pending.length > 0 || taken > 0) return false;
      if ((await this.store.receipts(generation, { limit: 1 })).length > 0) return false;
      if (!covers(await this.store.progress(generation), this.end)) return false;
      for (const trouble of ['doubt', 'window'] as const) {
        const { items } = await this.store.troubled(generation, trouble, { limit: 1 });
        if (items.length > 0) return false;
      }
    }
    return true;
  }
}
