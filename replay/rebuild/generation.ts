import { isBeingBuilt, type Generation } from 'banyan/projections';
import { canonicalJson } from 'banyan/runtime';
import { begunNumbers, replayDirectory } from '../places.ts';
import { nextGenerationNumber } from '../promotion/next-number.ts';
import { narrowRefused } from './errors.ts';
import { describeNarrow } from './narrow/narrow.ts';
import type { Rebuilding } from './rebuild.ts';
import { isSame, readRecord, RecordFile, type NarrowRecord, type RebuildRecord } from './record.ts';

/** A generation that this process builds. */
export interface Claimed {
  readonly generation: Generation;
  readonly file: RecordFile;
  /** An earlier run had begun it, so the store may have anything of it. */
  readonly resumed: boolean;
}

/**
 * Finds the generation that an earlier run of the same rebuild left, or makes a new one; those that other rebuilds
 * left are failed and dropped. Needs the lock.
 */
export async function claimGeneration(all: Rebuilding): Promise<Claimed> {
  const { store, projection } = all;
  const narrow = all.narrow && describeNarrow(all.narrow, await liveNumber(all));
  const known = await store.generations(projection);
  const begun = await begunNumbers(all.fileSystem, all.directory, projection);
  const number = Math.max(
    await nextGenerationNumber(store, all.group, projection),
    ...begun.map((one) => one + 1),
  );
  await dropHalfMade(
    all,
    begun.filter((one) => !known.some((generation) => generation.number === one)),
  );
  let claimed: Claimed | undefined;
  for (const generation of known.toReversed()) {
    const record = await leftBehind(all, generation);
    if (record === undefined && !isBeingBuilt(generation)) continue;
    const wanted = { bundle: all.bundle, logs: all.logs, ...(narrow && { narrow }) };
    if (!claimed && record && isSame(record, wanted)) claimed = await claim(all, generation, record);
    else if (isBeingBuilt(generation)) await abandon(all, generation);
  }
  return claimed ?? (await begin(all, number, narrow));
}

/**
 * Drops what a run left that was killed while the store made or dropped a generation. The registry does not show such a
 * one; its number never comes again, since a function may have been deployed for it.
 */
async function dropHalfMade(all: Rebuilding, numbers: readonly number[]): Promise<void> {
  const { store, fileSystem, directory, projection } = all;
  for (const number of numbers) {
    const record = await readRecord(fileSystem, directory, { projection, number });
    if (!record || record.step.kind === 'done' || record.step.kind === 'failed') continue;
    await store.dropGeneration({ projection, number });
    const why = 'it was left half made, or half dropped';
    await new RecordFile(fileSystem, directory, record).change({ step: { kind: 'failed', why } });
  }
}

/** The record of a generation whose building did not end. */
async function leftBehind(
  { fileSystem, directory }: Rebuilding,
  generation: Generation,
): Promise<RebuildRecord | undefined> {
  const { kind } = generation.state;
  // Ready or live: killed between making it ready and noting that.
  if (kind === 'failed' || kind === 'retired') return undefined;
  const record = await readRecord(fileSystem, directory, generation);
  if (!record || record.step.kind === 'done' || record.step.kind === 'failed') return undefined;
  // A number that was given to another generation before.
  return record.bundle === generation.bundle && canonicalJson(record.logs) === canonicalJson(generation.logs)
    ? record
    : undefined;
}

async function claim(
  { store, fileSystem, directory }: Rebuilding,
  generation: Generation,
  record: RebuildRecord,
): Promise<Claimed> {
  const file = new RecordFile(fileSystem, directory, record);
  if (generation.state.kind !== 'opening') return { generation, file, resumed: true };
  const state = { kind: 'building' } as const;
  await store.changeGeneration(generation, 'opening', { state, floor: generation.floor });
  return { generation: { ...generation, state }, file, resumed: true };
}

async function abandon({ store }: Rebuilding, generation: Generation): Promise<void> {
  const why = 'its rebuild was abandoned for one with other code';
  await store.changeGeneration(generation, generation.state.kind, {
    state: { kind: 'failed', why },
    floor: generation.floor,
  });
  await store.dropGeneration(generation);
}

async function begin(
  all: Rebuilding,
  number: number,
  narrow: Omit<NarrowRecord, 'floor'> | undefined,
): Promise<Claimed> {
  const { store, fileSystem, directory, projection, bundle, logs, code, clock } = all;
  const now = new Date(clock.now()).toISOString();
  const partitions = all.partitions ?? Math.max(1, all.workers);
  const record: RebuildRecord = {
    format: 1,
    ...{ projection, generation: number, bundle, logs, partitions },
    ...(narrow && {
      // Before anything of it is copied: what comes later is folded onto the copies.
      narrow: { ...narrow, floor: await store.progress({ projection, number: narrow.live }) },
    }),
    step: narrow
      ? { kind: 'choosing' }
      : { kind: 'folding', partitions: Array.from({ length: partitions }, () => ({})) },
    startedAt: now,
    before: { events: 0, documents: 0, seconds: 0 },
  };
  const file = new RecordFile(fileSystem, directory, record);
  await fileSystem.makeDirectory(replayDirectory(directory, { projection, number }));
  // The record first: a generation in the store without one could not be resumed.
  await file.change({});
  const generation = await store.createGeneration({
    ...{ projection, number, bundle, logs },
    state: { kind: 'building' },
    floor: {},
    indexes: [...code.indexes.keys()].map((name) => ({ name })),
    createdAt: now,
  });
  return { generation, file, resumed: false };
}

async function liveNumber({ store, group, projection }: Rebuilding): Promise<number> {
  const number = (await store.pointer(group))?.live[projection];
  if (number === undefined) throw narrowRefused(projection, 'no generation of it is live');
  return number;
}
