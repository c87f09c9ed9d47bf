import { eventLogName, type EventLogRef } from 'banyan/events';
import { isBeingBuilt, type Generation, type LivePointer, type ViewStore } from 'banyan/projections';
import { isBanyanError, nodeFileSystem, systemClock } from 'banyan/runtime';
import { appendHistory, operator, readHistory } from '../history/history.ts';
import { rebuilding } from '../rebuild/lock.ts';
import { refuse } from './choose.ts';
import { pointerOf, refused } from './move.ts';
import { pastOf, retiredPointer } from './moved-pointer.ts';
import type { Refusal, RetireOptions, RetirePlan, RetireResult } from './options.ts';
import { finishMoves, unfinishedMoves } from './unfinished.ts';

/**
 * What {@link retire} would do; changes nothing.
 * @throws BanyanError REPLAY_UNKNOWN
 */
export async function planRetire(options: RetireOptions): Promise<RetirePlan> {
  const { store, projection, generation: number } = options;
  const pointer = await pointerOf(options);
  const generation = await find(options);
  const refusals = await check(options, pointer, generation);
  return {
    projection,
    generation: number,
    documents: generation && (await countUnlessGone(store, generation)),
    refusals,
    translationsNoLongerNeeded: refusals.length > 0 ? [] : await noLongerNeeded(options, generation),
  };
}

/**
 * Gives a generation up for good and drops its storage. First the pointer remembers it, under the same condition as
 * a promotion: so nobody promotes what is being dropped. Killed at any instant and asked again, it comes to its end.
 * @throws BanyanError REPLAY_UNKNOWN, REPLAY_LIVE (it is what readers see), REPLAY_RUNNING (it is being
 * built)
 */
export async function retire(options: RetireOptions): Promise<RetireResult> {
  const { store, projection, generation: number, group } = options;
  await finishMoves(options, await unfinishedMoves(options, await pointerOf(options)));
  const pointer = await claim(options);
  const generation = await find(options);
  const documents = generation && (await countUnlessGone(store, generation));
  const translationsNoLongerNeeded = await noLongerNeeded(options, generation);
  await markRetired(options);
  // The registry may have lost it to a drop that was killed half-way.
  await store.dropGeneration({ projection, number });
  await tell(options, pointer, { group, bundle: generation?.bundle ?? '', documents });
  return { projection, generation: number, documents, translationsNoLongerNeeded };
}

/** From here on nobody can promote it. */
async function claim(options: RetireOptions): Promise<LivePointer> {
  const { store, group, projection, generation: number, signal } = options;
  for (;;) {
    signal?.throwIfAborted();
    const pointer = await pointerOf(options);
    const refusals = await check(options, pointer, await find(options));
    if (refusals.length > 0) throw refused(refusals, group);
    if (pastOf(pointer, projection).retired.includes(number)) return pointer;
    const { live, past } = retiredPointer(pointer, projection, number);
    try {
      return await store.movePointer(group, pointer.epoch, live, past);
    } catch (error) {
      if (!isBanyanError(error, 'POINTER_CONFLICT')) throw error;
    }
  }
}

async function check(
  { group, directory, projection, generation: number }: RetireOptions,
  pointer: LivePointer,
  generation: Generation | undefined,
): Promise<readonly Refusal[]> {
  const refusal = (code: string, message: string): Refusal[] => [refuse(code, projection, message)];
  if (pointer.live[projection] === undefined)
    return refusal('REPLAY_UNKNOWN', `Group ${group} has no live view ${projection}. Check the name.`);
  if (pointer.live[projection] === number) {
    return refusal(
      'REPLAY_LIVE',
      `Generation ${number} of view ${projection} is live: it is what readers see. Promote another one first, or roll back.`,
    );
  }
  if (!generation && !pastOf(pointer, projection).retired.includes(number)) {
    return refusal(
      'REPLAY_UNKNOWN',
      `There is no generation ${number} of view ${projection} in the store. See those that are there: banyan replay status.`,
    );
  }
  if (!generation || !isBeingBuilt(generation)) return [];
  const holder = await rebuilding(nodeFileSystem, directory, projection);
  if (!holder) return [];
  return refusal(
    'REPLAY_RUNNING',
    `View ${projection} is being rebuilt by process ${holder.pid} on ${holder.host}. End it first, then retire generation ${number}.`,
  );
}

async function find({ store, projection, generation }: RetireOptions): Promise<Generation | undefined> {
  return (await store.generations(projection)).find(({ number }) => number === generation);
}

/** So that `banyan dev` feeds it no more. */
async function markRetired(options: RetireOptions): Promise<void> {
  const { store, clock = systemClock } = options;
  for (;;) {
    const generation = await find(options);
    if (!generation || generation.state.kind === 'retired') return;
    const state = { kind: 'retired', at: new Date(clock.now()).toISOString() } as const;
    try {
      await store.changeGeneration(generation, generation.state.kind, { state, floor: generation.floor });
      return;
    } catch (error) {
      // Its state was changed, or it was dropped, at the same moment.
      if (!isBanyanError(error, 'GENERATION_CONFLICT') && !isBanyanError(error, 'GENERATION_UNKNOWN'))
        throw error;
    }
  }
}

async function countUnlessGone(store: ViewStore, generation: Generation): Promise<number | undefined> {
  try {
    return await store.count(generation);
  } catch (error) {
    if (isBanyanError(error, 'GENERATION_UNKNOWN')) return undefined;
    throw error;
  }
}

async function tell(
  options: RetireOptions,
  { epoch }: LivePointer,
  facts: { readonly group: string; readonly bundle: string; readonly documents: number | undefined },
): Promise<void> {
  const {
    directory,
    projection: name,
    generation: from,
    why,
    who = operator(),
    clock = systemClock,
  } = options;
  const { group, bundle, documents } = facts;
  const told = await readHistory(directory, { projection: name, group });
  const isTold = told.some(
    ({ action, projections }) =>
      action === 'retire' && projections.some((one) => one.name === name && one.from === from),
  );
  if (isTold) return;
  await appendHistory(directory, {
    at: new Date(clock.now()).toISOString(),
    who,
    action: 'retire',
    group,
    projections: [{ name, from, bundle }],
    epoch,
    ...(why !== undefined && { why }),
    ...(documents !== undefined && { figures: { documents } }),
  });
}

/** The event logs that nobody needs once the generation is retired. */
async function noLongerNeeded(
  options: RetireOptions,
  retiring: Generation | undefined,
): Promise<readonly EventLogRef[]> {
  const {
    store,
    allProjections,
    keep = [],
    registered = retiring?.logs ?? [],
    projection,
    generation,
  } = options;
  const needed = new Set(keep.map(eventLogName));
  for (const name of new Set([...allProjections, projection])) {
    for (const { number, state, logs } of await store.generations(name)) {
      const isRetired = state.kind === 'retired' || (name === projection && number === generation);
      if (!isRetired) for (const log of logs) needed.add(eventLogName(log));
    }
  }
  return registered.filter((log) => !needed.has(eventLogName(log)));
}
