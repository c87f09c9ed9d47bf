import { expect, test } from '@jest/globals';
import {
  memoryStore,
  silentLogger,
  systemClock,
  type FileSystem,
  type MemoryStore,
  type OrderedStore,
} from 'banyan/runtime';
import fc from 'fast-check';
import { crashDisk } from '../kit/crash-file-system.ts';
import { eventually } from '../kit/eventually.ts';
import { seeded } from '../kit/seeded.ts';
import { noticingStore } from '../kit/whole-path/noticing-store.ts';
import type { DomainEvent } from './domain-event.ts';
import { readEvents } from './read-events.ts';
import { startTranslator } from './start-translator.ts';
import { openShopLog, type ShopLog } from './testing/shop-log.ts';
import { shopEvents, shopHistories, shopTranslation, type Act } from './testing/shop-model.ts';
import type { Translator } from './translator.ts';

const numRuns = process.env['BANYAN_LONG'] ? 1500 : 40;

/** Writes a history into a change log on a disk of its own. */
async function worldOf(history: readonly (readonly Act[])[]): Promise<ShopLog> {
  const world = await openShopLog('/log', crashDisk({ random: seeded(1) }).process());
  await world.happen(history);
  return world;
}

/** A translator on a disk that crashes, with stores that crash with it. */
function machine(world: ShopLog, seed: number, version: number) {
  const random = seeded(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const disk = crashDisk({ random });
  const stores = new Map<string, MemoryStore>();
  let timesAhead = 0;
  const openStore = (directory: string, purpose: 'durable' | 'scratch'): OrderedStore => {
    const store = (purpose === 'durable' ? stores.get(directory) : undefined) ?? memoryStore();
    stores.set(directory, store);
    return purpose === 'durable' ? noticingStore(store, () => (timesAhead += 1)) : store;
  };
  const start = (fileSystem: FileSystem): Promise<Translator> =>
    startTranslator({
      translation: shopTranslation(version),
      events: shopEvents,
      changeLog: world.changeLog,
      directory: '/translation',
      fileSystem,
      logger: silentLogger,
      clock: systemClock,
      openStore,
      lineBytes: 200,
      // Small enough that rows are written, moved to scratch and cut off all the time.
      rowLimits: { flushChanges: 1 + below(4), writeChanges: 2, memoryBytes: 500 + below(2000) },
      tickEveryMs: 1 + 4 * below(2),
    });
  return {
    /** Runs until everything is translated, or the disk's n-th operation. */
    run: async (dieAt?: number): Promise<DomainEvent[]> => {
      const process = disk.process();
      if (dieAt !== undefined) process.killAt(dieAt);
      const end = world.changeLog.durable;
      const translator = await start(process).catch((error: unknown) => {
        if (process.dead) return undefined;
        throw error;
      });
      if (translator) {
        const finished = eventually(() => {
          if (!process.dead) expect(translator.status().durable).toBe(end);
        });
        await Promise.race([finished, translator.ended.catch(() => undefined)]);
        if (!process.dead)
          expect(translator.status()).toMatchObject({ state: { kind: 'running' }, durable: end });
      }
      const events = translator && !process.dead ? await eventsOf(translator) : [];
      const isPowerFailure = below(2) === 0;
      for (const [directory, store] of stores) {
        stores.set(
          directory,
          store.crash((n) => (isPowerFailure ? below(n + 1) : 0)),
        );
      }
      if (isPowerFailure) disk.crash();
      else process.kill();
      await translator?.close().catch(() => undefined);
      return events;
    },
    /** How often look-up state was found ahead of its event log. */
    timesAhead: () => timesAhead,
    below,
  };
}

async function eventsOf(translator: Translator): Promise<DomainEvent[]> {
  const found: DomainEvent[] = [];
  for await (const { events } of readEvents(translator.eventLog, translator.ref)) found.push(...events);
  return found;
}

const facts = (events: readonly DomainEvent[]) => events.map(({ id, type, data }) => ({ id, type, data }));

test('whenever it dies, a translation gives the events of the model, with the same ids and bytes', async () => {
  const crashes = fc.array(fc.nat(40), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(shopHistories, crashes, fc.integer(), async (history, deaths, seed) => {
      const world = await worldOf(history);
      const dying = machine(world, seed, 1);
      for (const at of deaths) await dying.run(at + 1);
      const events = await dying.run();
      expect(facts(events)).toEqual(world.expected);
      expect(dying.timesAhead()).toBe(0);
      // A translation that never died and has never looked before, long after: the same to the byte.
      const lagging = await machine(world, seed, 1).run();
      expect(JSON.stringify(lagging)).toBe(JSON.stringify(events));
      // Another version is another log, with the same facts.
      const other = await machine(world, seed, 2).run();
      expect(other.map(({ data }) => data)).toEqual(events.map(({ data }) => data));
      await world.changeLog.close();
    }),
    { numRuns },
  );
}, 600_000);

test('translations of one change log do not see each other, however far apart they are', async () => {
  await fc.assert(
    fc.asyncProperty(shopHistories, shopHistories, fc.integer(), async (before, after, seed) => {
      const world = await worldOf([...before, ...after]);
      const [quick, slow] = [machine(world, seed, 1), machine(world, seed + 1, 1)];
      const running = quick.run();
      await slow.run(1 + slow.below(30));
      const [one, other] = [await running, await slow.run()];
      expect(facts(one)).toEqual(world.expected);
      expect(JSON.stringify(other)).toBe(JSON.stringify(one));
      await world.changeLog.close();
    }),
    { numRuns: Math.ceil(numRuns / 4) },
  );
}, 600_000);
