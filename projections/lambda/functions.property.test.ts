import { expect, test } from '@jest/globals';
import { BanyanError, silentLogger } from 'banyan/runtime';
import fc from 'fast-check';
import { seeded } from '../../kit/seeded.ts';
import { Fibers, type Fiber, type Gate } from '../../kit/whole-path/convergence/fibers.ts';
import type { Pause } from '../pause.ts';
import { hookedStore } from '../testing/hooked-store.ts';
import { crmLog, shopLog, UnorderedView, type Said } from '../testing/unordered-view.ts';
import type { ViewStore } from '../view-store.ts';
import type { SqsRecord } from './function-types.ts';
import { sqsProjector, type SqsHandler } from './sqs-projector.ts';
import { contextOf, eventMessage, gatheredMetrics, messageOf, referenceMessage } from './testing/messages.ts';
import { trackerFunction, type TrackerHandler } from './tracker-function.ts';

/*
 * The functions as Lambda runs them: several environments at once, each with what it remembers between invocations;
 * any of them is killed or frozen at any call of the store, the store fails at any call before or after it has done its
 * work, and the time ends at any chunk. The queue brings again what was not taken, as SQS does.
 */

const said: fc.Arbitrary<Said> = fc.tuple(
  fc.constantFrom('Counted', 'Counted', 'Cleared'),
  fc.constantFrom('a', 'a', 'b', 'c'),
);
const history = fc.array(fc.record({ log: fc.nat(1), said: fc.array(said, { maxLength: 4 }) }), {
  minLength: 1,
  maxLength: 25,
});
const weather = fc.record({
  seed: fc.nat(),
  drop: fc.constantFrom(0, 0.1),
  copies: fc.constantFrom(1, 3),
  kill: fc.constantFrom(0, 0.02),
  freeze: fc.constantFrom(0.02, 0.1),
  /** Of each call of the store. */
  fail: fc.constantFrom(0, 0.03, 0.2),
  /** Of each question how much time is left: that there is none. */
  cutOff: fc.constantFrom(0, 0.2),
  batch: fc.constantFrom(1, 6, 30),
  chunkEvents: fc.constantFrom(1, 3, 500),
  windowEvents: fc.constantFrom(1, 3, 500),
  everyMs: fc.constantFrom(0, 1e9),
});
type Weather = typeof weather extends fc.Arbitrary<infer T> ? T : never;

const places = ['p1', 'p2', 'p3', 't1', 't2'];

class Environments {
  readonly dropped = new Set<string>();
  readonly #view: UnorderedView;
  readonly #weather: Weather;
  readonly #random: () => number;
  readonly #fibers: Fibers;
  readonly #environments = new Map<string, Fiber>();
  /** Messages that can be received, and those that an invocation has. */
  readonly #visible: SqsRecord[] = [];
  readonly #inFlight = new Set<SqsRecord>();
  #isCalm = false;

  constructor(view: UnorderedView, given: Weather) {
    this.#view = view;
    this.#weather = given;
    this.#random = seeded(given.seed);
    this.#fibers = new Fibers(this.#random);
  }

  bring(events: UnorderedView['history']): void {
    for (const event of events) {
      if (this.#chance(this.#weather.drop)) {
        this.dropped.add(event.id);
        continue;
      }
      for (let copy = 0; copy <= this.#random() * this.#weather.copies; copy += 1)
        this.#visible.push(this.#chance(0.1) ? referenceMessage(event) : eventMessage(event));
    }
  }

  async steps(most: number): Promise<void> {
    for (let step = this.#random() * most; step > 0; step -= 1) {
      for (const place of places) {
        if (this.#fibers.isRunning(this.#environments.get(place))) continue;
        const work = place.startsWith('p') ? this.#project : this.#track;
        this.#environments.set(
          place,
          this.#fibers.start(place, (gate) => work.call(this, gate)),
        );
      }
      this.#strike();
      this.#view.now += 10;
      await this.#fibers.next();
    }
  }

  /** Until the watermarks are at the end, and nothing is on its way. */
  async calm(): Promise<void> {
    this.#isCalm = true;
    for (const fiber of this.#fibers.running) fiber.asleepUntil = 0;
    for (let round = 0; !(await this.#isOver()); round += 1) {
      if (round > 500) throw new Error('the view does not become complete');
      await this.steps(100);
    }
  }

  async #isOver(): Promise<boolean> {
    const { store, generation, logs } = this.#view;
    const { watermark } = await store.tracking(generation);
    const isAtEnd = logs.every(({ name, end }) => watermark[name]?.position === end);
    const receipts = await store.receipts(generation, { limit: 1 });
    const isIdle = this.#visible.length === 0 && this.#inFlight.size === 0 && receipts.length === 0;
    const items = [...(await this.#view.items()).values()];
    return isAtEnd && isIdle && items.every(({ state }) => state.kind !== 'behind');
  }

  #strike(): void {
    const { running } = this.#fibers;
    const victim = running[Math.floor(this.#random() * running.length)];
    if (!victim || this.#isCalm) return;
    if (this.#chance(this.#weather.kill)) this.#fibers.kill(victim);
    else if (this.#chance(this.#weather.freeze))
      victim.asleepUntil = this.#fibers.step + this.#random() * 300;
  }

  #chance(of: number): boolean {
    return !this.#isCalm && this.#random() < of;
  }

  /** One environment: some invocations of one function, which remembers what it knows of the watermark. */
  async #project(gate: Gate): Promise<void> {
    const handler = this.#projectorOf(gate);
    for (let round = 0; round < 10; round += 1) {
      await gate();
      const records = this.#receive();
      if (records.length === 0) continue;
      let again = new Set(records.map(({ messageId }) => messageId));
      try {
        const remaining = (): number => (this.#chance(this.#weather.cutOff) ? 0 : 60_000);
        const { batchItemFailures } = await handler({ Records: records }, contextOf(remaining));
        // Whoever was killed meanwhile gives no answer.
        await gate();
        again = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      } finally {
        for (const record of records) {
          this.#inFlight.delete(record);
          if (again.has(record.messageId)) this.#visible.push(record);
        }
      }
    }
  }

  async #track(gate: Gate): Promise<void> {
    const handler = this.#trackerOf(gate);
    for (let round = 0; round < 3; round += 1) {
      await gate();
      try {
        const remaining = (): number => (this.#chance(this.#weather.cutOff) ? 0 : 60_000);
        await handler({ Records: [messageOf('{}')] }, contextOf(remaining));
      } catch (error) {
        if (!(error instanceof BanyanError)) throw error;
      }
    }
  }

  #receive(): SqsRecord[] {
    const records: SqsRecord[] = [];
    for (let left = this.#random() * this.#weather.batch; left > 0 && this.#visible.length > 0; left -= 1)
      records.push(...this.#visible.splice(Math.floor(this.#random() * this.#visible.length), 1));
    for (const record of records) this.#inFlight.add(record);
    return records;
  }

  #storeOf(gate: Gate): ViewStore {
    return hookedStore(this.#view.store, async () => {
      await gate();
      if (this.#chance(this.#weather.fail))
        throw new BanyanError('VIEW_STORE_UNREACHABLE', 'no answer', { retryable: true });
    });
  }

  /** The time of an invocation does not end by itself, but where there is none; other pauses are as long as it comes. */
  #pauseOf(gate: Gate): Pause {
    return (milliseconds, signal) =>
      milliseconds > 1000
        ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
        : gate();
  }

  #projectorOf(gate: Gate): SqsHandler {
    const store = this.#storeOf(gate);
    const { projection, generation, clock, history: all } = this.#view;
    const { chunkEvents, everyMs, windowEvents } = this.#weather;
    return sqsProjector({
      ...{ projection, generation, store, clock, chunkEvents, everyMs },
      ...{ logger: silentLogger, metrics: gatheredMetrics(), group: 'counting', pause: this.#pauseOf(gate) },
      limits: { windowEvents, windowBytes: 1e6 },
      resolve: async ({ id }) => {
        const found = all.find((event) => event.id === id);
        if (!found || this.#chance(this.#weather.fail)) throw new Error(`${id} cannot be read`);
        return found;
      },
    });
  }

  #trackerOf(gate: Gate): TrackerHandler {
    const store = this.#storeOf(gate);
    const { projection, generation, clock, logs, tallies } = this.#view;
    const itemLimits = { windowEvents: this.#weather.windowEvents, windowBytes: 1e6 };
    const view = { projection, generation, store, clock, logs, tallies, itemLimits };
    return trackerFunction({
      views: [{ ...view, healAfterMs: 2000, purgeAfterMs: 0 }],
      ...{ logger: silentLogger, metrics: gatheredMetrics(), group: 'counting', pause: this.#pauseOf(gate) },
    });
  }
}

const isLong = process.env['BANYAN_LONG'] !== undefined;
const runs = Number(process.env['BANYAN_RUNS'] ?? (isLong ? 5000 : 150));

test(`whatever becomes of invocations, each document is the ordered fold (${runs} runs)`, async () => {
  await fc.assert(
    fc.asyncProperty(history, weather, async (happened, given) => {
      const view = await UnorderedView.begin([shopLog, crmLog]);
      const environments = new Environments(view, given);
      for (const [at, { log, said: some }] of happened.entries()) {
        environments.bring(view.appendTo(log, ...some));
        if (at % 3 === 0) view.tally();
        await environments.steps(40);
      }
      view.tally();
      await environments.calm();
      expect(await view.documents()).toEqual(view.expected);
      const { figures } = await view.store.tracking(view.generation);
      expect(figures.healed - figures.late).toBe(environments.dropped.size);
    }),
    { numRuns: runs },
  );
}, 600_000);
