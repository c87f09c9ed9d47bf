import { BanyanError } from '../errors.ts';
import type { OrderedStore, StoreKey } from './ordered-store.ts';
import { sortedMap, type SortedMap } from './sorted-map.ts';

/** A store in memory that can crash, for tests. */
export interface MemoryStore extends OrderedStore {
  /**
   * What a crash leaves: a new store without some of the newest writes that were not flushed, how many being
   * chosen by `choose(n)`, a whole number from 0 to n. The old store refuses everything from then on.
   */
  crash(choose: (unflushed: number) => number): MemoryStore;
}

/** What takes a batch back: each key and the value it had. */
type Undo = readonly (readonly [key: string, before: Buffer | undefined])[];

/** Makes an empty store in memory. */
export function memoryStore(): MemoryStore {
  return storeOver(sortedMap());
}

function storeOver(values: SortedMap<Buffer>): MemoryStore {
  let undos: Undo[] = [];
  let closed = false;

  const set = (key: string, value: Buffer | undefined): void => {
    if (value === undefined) values.delete(key);
    else values.set(key, value);
  };
  const apply = (writes: readonly (readonly [string, Buffer | undefined])[]): void => {
    const undo = writes.map(([key]) => [key, values.get(key)] as const);
    for (const [key, value] of writes) set(key, value);
    undos.push(undo);
  };
  const open = (): void => {
    if (closed)
      throw new BanyanError('STORE_CLOSED', 'The store in memory is closed or crashed; make a new one.');
  };

  return {
    get(key) {
      open();
      const value = values.get(text(key));
      return value === undefined ? undefined : Buffer.from(value);
    },
    *range(prefix, after) {
      open();
      // A copy, since writing meanwhile is allowed.
      for (const [key, value] of [...values.within(text(prefix), after && text(after))]) {
        yield [Buffer.from(key, 'latin1'), Buffer.from(value)];
      }
    },
    async write(writes) {
      const copies = writes.map(([key, value]) => [text(key), value && Buffer.from(value)] as const);
      await Promise.resolve();
      open();
      apply(copies);
    },
    async flush() {
      await Promise.resolve();
      open();
      undos = [];
    },
    async clear() {
      await Promise.resolve();
      open();
      apply([...values.all()].map(([key]) => [key, undefined]));
    },
    close() {
      closed = true;
      return Promise.resolve();
    },
    crash(choose) {
      closed = true;
      for (let left = choose(undos.length); left > 0; left--) {
        for (const [key, before] of [...(undos.pop() ?? [])].reverse()) set(key, before);
      }
      return storeOver(values);
    },
  };
}

/** Bytes as a text of the same order: one code unit a byte. */
function text(key: StoreKey): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
