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
  const wanted = { bundle: all.bundle, logs: all.logs, ...(narrow && { narrow }) };
  const known = await store.generations(projection);
  const number = await claimNumber(all, wanted, known);
  let claimed: Claimed | undefined;
  for (const generation of known.toReversed()) {
    const record = await leftBehind(all, generation);
    if (record === undefined && !isBeingBuilt(generation)) continue;
    if (!claimed && record && isSame(record, wanted)) claimed = await claim(all, generation, record);
    else if (isBeingBuilt(generation)) await abandon(all, generation);
  }
  return claimed ?? (await begin(all, number, narrow));
}

/**
 * The number for a new generation. It was given to no other code before, since a function may have been deployed for
 * that: also not to a generation that was left half made or half dropped, which the registry does not show. Such ones
 * are dropped, unless the newest of them is this rebuild's own.
 */
async function claimNumber(
  all: Rebuilding,
  wanted: Parameters<typeof isSame>[1],
  known: readonly Generation[],
): Promise<number> {
  const { store, fileSystem, directory, group, projection } = all;
  const begun = await begunNumbers(fileSystem, directory, projection);
  const next = await nextGenerationNumber(store, group, projection);
  const free = Math.max(next, ...begun.map((number) => number + 1));
  let own: number | undefined;
  for (const number of begun.filter((one) => known.every((generation) => generation.number !== one))) {
    const record = await readRecord(fileSystem, directory, { projection, number });
    if (!record || record.step.kind === 'done' || record.step.kind === 'failed') continue;
    if (number === free - 1 && number >= next && isSame(record, wanted)) {
      own = number;
      continue;
    }
    await store.dropGeneration({ projection, number });
    const why = 'it was left half made, or half dropped';
    await new RecordFile(fileSystem, directory, record).change({ step: { kind: 'failed', why } });
  }
  return own ?? free;
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
