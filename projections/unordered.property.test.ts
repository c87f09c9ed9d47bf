import { expect, test } from '@jest/globals';
import type { DomainEvent } from 'banyan/events';
import fc from 'fast-check';
import { seeded } from '../kit/seeded.ts';
import { Fibers, type Fiber, type Gate } from '../kit/whole-path/convergence/fibers.ts';
import { applyUnordered } from './apply-unordered.ts';
import { hookedStore } from './testing/hooked-store.ts';
import { crmLog, shopLog, UnorderedView, type Said } from './testing/unordered-view.ts';

/*
 * Few keys, removed and used again all the time, tombstones purged at once, windows of a few events, processes that
 * know the watermark of long ago: whatever may go wrong with one key goes wrong here.
 */

const said: fc.Arbitrary<Said> = fc.tuple(
  fc.constantFrom('Counted', 'Counted', 'Cleared'),
  fc.constantFrom('a', 'a', 'b'),
);
const history = fc.array(fc.record({ log: fc.nat(1), said: fc.array(said, { maxLength: 3 }) }), {
  minLength: 1,
  maxLength: 25,
});
const weather = fc.record({
  seed: fc.nat(),
  drop: fc.constantFrom(0, 0.1),
  copies: fc.constantFrom(1, 3, 10),
  kill: fc.constantFrom(0, 0.02),
  sleep: fc.constantFrom(0.02, 0.1),
  windowEvents: fc.constantFrom(1, 3, 500),
  /** For how long projectors keep what they know of the watermark, milliseconds. */
  everyMs: fc.constantFrom(0, 1e9),
});
type Weather = typeof weather extends fc.Arbitrary<infer T> ? T : never;

/** Processes that take turns as the seed has it, and die and sleep at any call of the store. */
class Processes {
  readonly pending: DomainEvent[] = [];
  readonly dropped = new Set<string>();
  readonly #view: UnorderedView;
  readonly #weather: Weather;
  readonly #random: () => number;
  readonly #fibers: Fibers;
  readonly #places = new Map<string, Fiber>();
  #taken = 0;
  #isCalm = false;

  constructor(view: UnorderedView, given: Weather) {
    this.#view = view;
    this.#weather = given;
    this.#random = seeded(given.seed);
    this.#fibers = new Fibers(this.#random);
  }

  bring(events: readonly DomainEvent[]): void {
    for (const event of events) {
      if (this.#random() < this.#weather.drop) {
        this.dropped.add(event.id);
        continue;
      }
      for (let copy = 0; copy <= this.#random() * this.#weather.copies; copy += 1) this.pending.push(event);
    }
  }

  async steps(most: number): Promise<void> {
    for (let step = this.#random() * most; step > 0; step -= 1) {
      for (const name of ['p1', 'p2', 'p3', 't1', 't2']) {
        if (this.#fibers.isRunning(this.#places.get(name))) continue;
        const work = name.startsWith('p') ? this.#project : this.#track;
        this.#places.set(
          name,
          this.#fibers.start(name, (gate) => work.call(this, gate)),
        );
      }
      const { running } = this.#fibers;
      const victim = running[Math.floor(this.#random() * running.length)];
      const luck = this.#isCalm ? 1 : this.#random();
      if (victim && luck < this.#weather.kill) this.#fibers.kill(victim);
      else if (victim && luck < this.#weather.kill + this.#weather.sleep)
        victim.asleepUntil = this.#fibers.step + this.#random() * 300;
      this.#view.now += 10;
      await this.#fibers.next();
    }
  }

  /** Until the watermark is at the end, and nothing is on its way. */
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
    const receipts = await store.receipts(generation, { limit: 1 });
    const isAtEnd = logs.every(
      ({ log, end }) => watermark[`${log.source}:${log.translation}@1`]?.position === end,
    );
    const items = [...(await this.#view.items()).values()];
    const isIdle = this.pending.length === 0 && this.#taken === 0 && receipts.length === 0;
    return isAtEnd && isIdle && items.every(({ state }) => state.kind !== 'behind');
  }

  async #project(gate: Gate): Promise<void> {
    const { windowEvents, everyMs } = this.#weather;
    const store = hookedStore(this.#view.store, gate);
    const limits = { windowEvents, windowBytes: 1e6 };
    const target = this.#view.target({ store, everyMs, limits, pause: gate });
    for (let round = 0; round < 10; round += 1) {
      await gate();
      const batch: DomainEvent[] = [];
      for (let left = this.#random() * 4; left > 0 && this.pending.length > 0; left -= 1)
        batch.push(...this.pending.splice(Math.floor(this.#random() * this.pending.length), 1));
      if (batch.length === 0) continue;
      this.#taken += 1;
      let isDone = false;
      try {
        await applyUnordered(target, batch);
        isDone = true;
      } finally {
        this.#taken -= 1;
        if (!isDone) this.pending.push(...batch);
      }
    }
  }

  async #track(gate: Gate): Promise<void> {
    await gate();
    const itemLimits = { windowEvents: this.#weather.windowEvents, windowBytes: 1e6 };
    const store = hookedStore(this.#view.store, gate);
    await this.#view.tracker({ store, itemLimits, healAfterMs: 2000, purgeAfterMs: 0, pause: gate }).run();
  }
}

const isLong = process.env['BANYAN_LONG'] !== undefined;
const runs = Number(process.env['BANYAN_RUNS'] ?? (isLong ? 10_000 : 300));

test(`keys that are removed and used again come to the ordered fold (${runs} runs)`, async () => {
  await fc.assert(
    fc.asyncProperty(history, weather, async (happened, given) => {
      const view = await UnorderedView.begin([shopLog, crmLog]);
      const processes = new Processes(view, given);
      for (const [at, { log, said: some }] of happened.entries()) {
        processes.bring(view.appendTo(log, ...some));
        if (at % 3 === 0) view.tally();
        await processes.steps(40);
      }
      view.tally();
      await processes.calm();
      expect(await view.documents()).toEqual(view.expected);
      const { figures } = await view.store.tracking(view.generation);
      expect(figures.healed - figures.late).toBe(processes.dropped.size);
      for (const { state } of (await view.items()).values())
        expect(state.kind === 'settled' || state.kind === 'removed' || state.kind === 'open').toBe(true);
    }),
    { numRuns: runs },
  );
}, 600_000);
