import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { subscriptionName } from 'banyan/projections';
import { sqsProjector, type SqsRecord } from 'banyan/projections/lambda';
import { silentLogger } from 'banyan/runtime';
import fc from 'fast-check';
import { seeded } from '../../kit/seeded.ts';
import { counters, expectedCounters } from '../../projections/testing/counters.ts';
import {
  contextOf,
  eventMessage,
  gatheredMetrics,
  probeMessage,
} from '../../projections/lambda/testing/messages.ts';
import { withoutCommit } from '../testing/without-commit.ts';
import { rebuild, type RebuildOptions, type Rebuilt } from './rebuild.ts';
import { makeWorld, orders, timeAt, type World } from './testing/world.ts';

const numRuns = Number(process.env['BANYAN_RUNS'] ?? 30);
const id = { projection: counters.name, number: 1 };

const settings = fc.record({
  seed: fc.nat(),
  /** Events before the rebuild; they go on coming while it runs. */
  before: fc.nat(20),
  /** Probes that are lost, since there is no rule yet. */
  lost: fc.nat(3),
  /** How often the rebuild is aborted, and taken up again. */
  aborts: fc.nat(2),
});

/** A rule with its queue and a function, made some time after the rebuild has begun to probe. */
class Bus {
  readonly #random: () => number;
  readonly #queue: SqsRecord[] = [];
  #probes = 0;
  readonly #lost: number;

  constructor(random: () => number, lost: number) {
    this.#random = random;
    this.#lost = lost;
  }

  /** It reaches the queue once there is a rule. */
  publish(message: SqsRecord): void {
    if (this.#probes > this.#lost) this.#queue.push(message);
  }

  readonly subscription: NonNullable<RebuildOptions['subscription']> = {
    probe: async (probe) => {
      expect(probe.subscription).toBe(subscriptionName(id));
      this.#probes += 1;
      this.publish(probeMessage(probe));
    },
    everyMs: 1,
  };

  /** Hands over what comes, in any order and company, until it is over and nothing is left. */
  async deliver({ store }: World, isOver: () => boolean): Promise<void> {
    const handler = sqsProjector({
      ...{ projection: counters, generation: id, group: 'test', store: withoutCommit(store) },
      resolve: () => Promise.reject(new Error('nothing is large')),
      ...{ logger: silentLogger, metrics: gatheredMetrics(), everyMs: 0 },
      openingMs: this.#random() < 0.5 ? 0 : 5000,
      // The functions' time does not end; they look again at once.
      pause: (milliseconds, signal) =>
        milliseconds > 10_000
          ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
          : this.idle(),
    });
    while (!isOver() || this.#queue.length > 0) {
      const batch = Array.from({ length: 1 + Math.floor(this.#random() * 4) }, () =>
        this.#queue.splice(Math.floor(this.#random() * this.#queue.length), 1),
      ).flat();
      if (batch.length > 0) {
        const { batchItemFailures } = await handler({ Records: batch }, contextOf());
        const again = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        this.#queue.push(...batch.filter(({ messageId }) => again.has(messageId)));
      }
      await this.idle();
    }
  }

  /** A moment that the others have. */
  async idle(): Promise<void> {
    for (let turns = Math.floor(this.#random() * 4); turns >= 0; turns -= 1) await setImmediate();
  }
}

async function append(world: World, bus: Bus, random: () => number): Promise<void> {
  const at = world.writer(orders).committed + 1;
  const type = random() < 0.2 ? 'Cleared' : 'Counted';
  await world.append(orders, timeAt(at), [
    { type, data: { keys: [`k${String(Math.floor(random() * 5))}`] } },
  ]);
  // What is durable is published, by another process and some time later.
  await bus.idle();
  const event = world.events().at(-1);
  if (event) bus.publish(eventMessage(event));
}

/** Aborts it so often, each time a moment after it was begun. */
async function rebuilt(options: RebuildOptions, bus: Bus, aborts: number): Promise<Rebuilt> {
  for (let left = aborts; left > 0; left -= 1) {
    const stopping = new AbortController();
    const running = rebuild({ ...options, signal: stopping.signal }).catch((error: unknown) => error);
    for (let turns = 0; turns < 10; turns += 1) await bus.idle();
    stopping.abort(new Error('enough'));
    await running;
  }
  return rebuild(options);
}

test('no event is lost between what was folded and what the subscription brings, and none counts twice', async () => {
  await fc.assert(
    fc.asyncProperty(settings, async ({ seed, before, lost, aborts }) => {
      const random = seeded(seed);
      const world = await makeWorld({ logs: [orders] });
      const bus = new Bus(random, lost);
      try {
        for (let count = 0; count < before; count += 1) await append(world, bus, random);
        const done = { isBuilt: false, isPublished: false };
        const publishing = (async () => {
          while (!done.isBuilt) await append(world, bus, random);
          for (let count = 0; count < 5; count += 1) await append(world, bus, random);
          done.isPublished = true;
        })();
        const delivering = [0, 1].map(() => bus.deliver(world, () => done.isPublished));
        try {
          await rebuilt(world.options({ subscription: bus.subscription }), bus, aborts);
        } finally {
          done.isBuilt = true;
          await Promise.all([publishing, ...delivering]);
        }
        expect(await world.documents(id)).toEqual(expectedCounters(world.events()));
      } finally {
        await world.close();
      }
    }),
    { numRuns },
  );
}, 120_000);
