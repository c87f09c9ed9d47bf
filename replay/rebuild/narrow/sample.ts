import type { LogEnds } from 'banyan/events';
import { createMemoryViewStore, type Generation } from 'banyan/projections';
import { randomInt } from 'node:crypto';
import { readAffected } from '../affected-file.ts';
import { notNarrow } from '../errors.ts';
import { foldPartition } from '../fold-partition.ts';
import type { Rebuilding } from '../rebuild.ts';
import { affectedFile, pagesOf } from './copy.ts';
import { fieldsThatDiffer, sideAt, type Side } from './sides.ts';

const defaultSize = 1000;
/** Memory of the documents of the sample. */
const sampleBytes = 64 * 2 ** 20;

/** Items by key; undefined for one that is at another place, and cannot be compared. */
type Sides = Map<string, Side | undefined>;

/**
 * Folds a random sample of the keys that were said to be unaffected from their first event, up to the same ends as the
 * generation, and compares documents and where keys are parked. Keys that only one of the two has are in the sample
 * too; those that a copied window has taken further than the logs were folded, or that wait for a catch-up, are not.
 * @returns how many keys were compared
 * @throws BanyanError REPLAY_NOT_NARROW
 */
export async function checkSample(all: Rebuilding, generation: Generation, to: LogEnds): Promise<number> {
  const affected = await readAffected(all.fileSystem, affectedFile(all, generation));
  const size = all.narrow?.sample ?? defaultSize;
  const seed = all.narrow?.seed ?? randomInt(2 ** 32);
  const share = size / Math.max(1, await all.store.count(generation));
  const isSampled = (key: string): boolean => fractionOf(key, seed) < share && !affected.has(key);
  all.meter.begin('sampling', to);
  const { folded, copied } = await foldSample(all, generation, to, isSampled);
  const keys = [...new Set([...copied.keys(), ...folded.keys()])].filter(
    (key) => !copied.has(key) || copied.get(key) !== undefined,
  );
  const differing = keys.flatMap((key) => {
    const fields = fieldsThatDiffer(copied.get(key), folded.get(key));
    return fields.length === 0 ? [] : [{ key, fields }];
  });
  if (differing.length === 0) return keys.length;
  const fields = new Set(differing.flatMap((one) => one.fields));
  throw notNarrow(generation, {
    sampled: keys.length,
    keys: differing.map(({ key }) => key).sort(),
    fields: [...fields].sort(),
  });
}

/** The sample folded anew, and as it is in the generation. */
async function foldSample(
  all: Rebuilding,
  generation: Generation,
  to: LogEnds,
  only: (key: string) => boolean,
): Promise<{ readonly folded: Sides; readonly copied: Sides }> {
  const { itemBytes } = all.store;
  const store = createMemoryViewStore({ ...(itemBytes !== undefined && { itemBytes }) });
  await store.createGeneration(generation);
  all.meter.part(0, {});
  const { progress } = await foldPartition({
    ...{ projection: all.code, generation, store, logs: all.readers, to, only, signal: all.signal },
    ...{ from: {}, partition: 0, partitions: 1, isFresh: true, cacheBytes: sampleBytes },
    onCheckpoint: async () => undefined,
    onProgress: (figures) => all.meter.note(0, { ...figures, documents: 0 }),
  });
  all.signal.throwIfAborted();
  const sidesIn = async (of: Pick<Rebuilding, 'store' | 'projection' | 'signal'>): Promise<Sides> => {
    const sides: Sides = new Map();
    for await (const items of pagesOf(of, generation.number)) {
      for (const item of items)
        if (item.state.kind !== 'removed' && only(item.key)) sides.set(item.key, sideAt(item, progress));
    }
    return sides;
  };
  return { folded: await sidesIn({ ...all, store }), copied: await sidesIn(all) };
}

/** A number from 0 to 1 that a key and the seed decide: which keys are sampled is known without a list of all. */
function fractionOf(key: string, seed: number): number {
  let hash = seed | 0;
  for (let at = 0; at < key.length; at++)
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x5bd1e995) ^ (hash >>> 15);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
