import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { crashDisk } from '../../kit/crash-file-system.ts';
import { seeded } from '../../kit/seeded.ts';
import { openFileStore } from './file-store.ts';
import type { OrderedStore, StoreWrite } from './ordered-store.ts';

/*
 * The file store on a disk that forgets what was not synced: after a power failure at any operation, the store is in
 * a state that was there between two writes, and not before the last flush.
 */

type Batch = readonly (readonly [key: string, value: string | null])[];
type Step = { do: 'write'; batch: Batch } | { do: 'flush' } | { do: 'crash'; at: number; power: boolean };

const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 });
const batch = fc.array(fc.tuple(name, fc.option(fc.string({ maxLength: 40 }))), { maxLength: 8 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('write' as const), batch }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'flush' }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('crash' as const), at: fc.nat(30), power: fc.boolean() }),
  },
);

function stateAfter(batches: readonly Batch[]): string {
  const state = new Map<string, string>();
  for (const [key, value] of batches.flat()) {
    if (value === null) state.delete(key);
    else state.set(key, value);
  }
  return JSON.stringify([...state].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function stateOf(store: OrderedStore): string {
  return JSON.stringify(
    [...store.range(Buffer.alloc(0))].map(([key, value]) => [key.toString(), value.toString()]),
  );
}

const writesOf = (one: Batch): StoreWrite[] =>
  one.map(([key, value]) => [Buffer.from(key), value === null ? undefined : Buffer.from(value)]);

test('a crash at any operation takes the newest writes only, and nothing that was flushed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, seed) => {
      const disk = crashDisk({ random: seeded(seed) });
      let process = disk.process();
      const open = (): OrderedStore =>
        openFileStore({ directory: '/store', fileSystem: process, tableBytes: 1500, cacheBytes: 10_000 });
      let store = open();
      let batches: Batch[] = [];
      let flushed = 0;

      const restart = async (power: boolean): Promise<void> => {
        await store.close().catch(() => undefined);
        process.kill();
        if (power) disk.crash();
        process = disk.process();
        store = open();
        const found = stateOf(store);
        const prefixes = batches.map((_, at) => stateAfter(batches.slice(0, at + 1)));
        const kept = [stateAfter([]), ...prefixes].lastIndexOf(found);
        expect(kept).toBeGreaterThanOrEqual(0);
        // States repeat: a later one of the same content may be the one meant.
        expect(kept).toBeGreaterThanOrEqual(flushed);
        batches = batches.slice(0, kept);
        // What a killed process leaves is there, and a power failure may still take it.
        if (power) flushed = kept;
      };

      for (const one of steps) {
        try {
          if (one.do === 'crash') process.killAt(one.at + 1);
          if (one.do === 'write') {
            batches.push(one.batch);
            await store.write(writesOf(one.batch));
          }
          if (one.do === 'flush') {
            await store.flush();
            flushed = batches.length;
          }
          if (!process.dead) expect(stateOf(store)).toBe(stateAfter(batches));
        } catch (error) {
          if (!process.dead) throw error;
        }
        if (one.do === 'crash' && one.at % 3 === 0) process.kill();
        if (process.dead) await restart(one.do === 'crash' ? one.power : seed % 2 === 0);
      }
      await restart(seed % 3 === 0);
    }),
    { numRuns: globalThis.process.env['BANYAN_LONG'] ? 3_000 : 150 },
  );
});
