import type { LogEnds } from 'banyan/events';
import { createMemoryViewStore, type Document, type Generation } from 'banyan/projections';
import { canonicalJson } from 'banyan/runtime';
import { randomInt } from 'node:crypto';
import { readAffected } from '../affected-file.ts';
import { notNarrow } from '../errors.ts';
import { foldPartition } from '../fold-partition.ts';
import type { Rebuilding } from '../rebuild.ts';
import { affectedFile, pagesOf } from './copy.ts';

const defaultSize = 1000;
/** Memory of the documents of the sample. */
const sampleBytes = 64 * 2 ** 20;

/**
 * Folds a random sample of the keys that were said to be unaffected from their first event, up to the same ends as the
 * generation, and compares. Keys that only one of the two has are in the sample too.
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
  const [folded, copied] = [await foldSample(all, generation, to, isSampled), new Map<string, Document>()];
  for await (const items of pagesOf(all, generation.number)) {
    for (const { key, document } of items) if (document && isSampled(key)) copied.set(key, document);
  }
  const keys = new Set([...copied.keys(), ...folded.keys()]);
  const different = [...keys].filter(
    (key) => canonicalJson(copied.get(key)) !== canonicalJson(folded.get(key)),
  );
  if (different.length === 0) return keys.size;
  different.sort();
  const fields = new Set(different.flatMap((key) => fieldsThatDiffer(copied.get(key), folded.get(key))));
  throw notNarrow(generation, { sampled: keys.size, keys: different, fields: [...fields].sort() });
}

async function foldSample(
  all: Rebuilding,
  generation: Generation,
  to: LogEnds,
  only: (key: string) => boolean,
): Promise<ReadonlyMap<string, Document>> {
  const store = createMemoryViewStore();
  await store.createGeneration(generation);
  all.meter.part(0, {});
  await foldPartition({
    ...{ projection: all.code, generation, store, logs: all.readers, to, only, signal: all.signal },
    ...{ from: {}, partition: 0, partitions: 1, isFresh: true, cacheBytes: sampleBytes },
    onCheckpoint: async () => undefined,
    onProgress: (figures) => all.meter.note(0, { ...figures, documents: 0 }),
  });
  all.signal.throwIfAborted();
  const documents = new Map<string, Document>();
  for await (const items of pagesOf(
    { store, projection: all.projection, signal: all.signal },
    generation.number,
  )) {
    for (const { key, document } of items) if (document) documents.set(key, document);
  }
  return documents;
}

function fieldsThatDiffer(one: Document = {}, other: Document = {}): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => canonicalJson(one[name]) !== canonicalJson(other[name]));
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
