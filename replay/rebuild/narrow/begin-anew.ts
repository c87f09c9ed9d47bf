import type { OrderKey } from 'banyan/events';
import type { Generation, ItemWrite } from 'banyan/projections';
import { readAffected } from '../affected-file.ts';
import type { Rebuilding } from '../rebuild.ts';
import { affectedFile } from './copy.ts';

/** Before all events. */
const beginning: OrderKey = {
  logTime: '0001-01-01T00:00:00.000000Z',
  source: '',
  position: 0,
  translation: '',
  index: 0,
};

const chunk = 1000;

/**
 * A key may turn out to be affected when an earlier run, which was killed, has copied it already, or when its last
 * write has not come to the store yet. A tombstone from before all events takes the place of each affected key, so that
 * it is folded from its first event, and no copy of it can be written any more.
 */
export async function beginAnew(all: Rebuilding, generation: Generation): Promise<void> {
  const { store, signal, fileSystem } = all;
  const keys = [...(await readAffected(fileSystem, affectedFile(all, generation)))];
  for (let at = 0; at < keys.length; at += chunk) {
    let left: readonly string[] = keys.slice(at, at + chunk);
    while (left.length > 0) {
      signal.throwIfAborted();
      const items = await store.readMany(generation, left);
      const writes = left.map((key) => tombstone(key, items.get(key)?.revision));
      left = (await store.writeMany(generation, writes)).conflicts;
    }
  }
}

function tombstone(key: string, expected: number | undefined): ItemWrite {
  const item = { key, revision: (expected ?? 0) + 1, state: { kind: 'removed', at: beginning } } as const;
  return { item, expected, indexEntries: [] };
}
