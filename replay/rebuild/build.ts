import { logEnds, type LogEnds, type Progress } from 'banyan/events';
import type { Generation } from 'banyan/projections';
import { canonicalJson } from 'banyan/runtime';
import { parkedKeys } from '../parked-keys.ts';
import type { Claimed } from './generation.ts';
import type { FoldListener } from './job.ts';
import { affectedFile, chooseAffected, copyOthers, type Copied } from './narrow/copy.ts';
import { checkSample } from './narrow/sample.ts';
import { least, positionsLeft } from './progresses.ts';
import type { Rebuilding, Rebuilt } from './rebuild.ts';
import type { Step } from './record.ts';
import { waitForProbe, whileOpening, type Subscription } from './subscription.ts';

/** Positions that are left to the live feed, and rounds at most: a log may grow as fast as it is read. */
const bounds = { positions: 10_000, rounds: 20 } as const;

/**
 * Bytes that each thread takes without any document, and the part of the others that documents may take: the rest is
 * what V8's collector has not come to, and what is on its way.
 */
const memory = { perThread: 64 * 2 ** 20, share: 0.4, leastShare: 0.08 } as const;

/** Bytes of the cache of each of so many threads. */
function cacheBytesOf(memoryBytes: number, threads: number): number {
  const left = (memoryBytes - memory.perThread * (threads + 1)) * memory.share;
  return Math.floor(Math.max(left, memoryBytes * memory.leastShare) / threads);
}

/** Goes through the steps that are left, and makes the generation ready. */
export async function buildGeneration(all: Rebuilding, claimed: Claimed): Promise<Rebuilt> {
  const { file } = claimed;
  const { before } = file.record;
  if (claimed.generation.state.kind !== 'building') {
    // The run before was killed when all was done but noting it; it may be fed by now, and is left alone.
    await file.change({ step: { kind: 'done' } });
    const peakMemoryBytes = process.memoryUsage.rss();
    const parked = await parkedKeys(all.store, claimed.generation);
    return {
      generation: claimed.generation,
      figures: { ...before, parked, throttled: 0, peakMemoryBytes, resumed: true },
    };
  }
  const narrow = { affected: 0, copied: 0, sampled: 0 };
  const note = (): Promise<void> => file.change({ before: sum(all, before) });
  try {
    const copied = await narrowDown(all, claimed);
    const { to, cut } = await foldRounds(all, claimed, !claimed.resumed && !file.record.narrow);
    if (file.record.narrow) {
      const sampled = await checkSample(all, claimed.generation, to);
      Object.assign(narrow, copied, { sampled });
    }
    const generation = all.subscription
      ? await openSubscribed(all, claimed, all.subscription)
      : await makeReady(all, claimed.generation, 'building', cut);
    const parked = await parkedKeys(all.store, generation);
    await file.change({ before: sum(all, before), step: { kind: 'done' } });
    const figures = {
      ...sum(all, before),
      parked,
      throttled: all.meter.throttled,
      peakMemoryBytes: all.meter.peakMemoryBytes,
      resumed: claimed.resumed,
    };
    return { generation, figures: file.record.narrow ? { ...figures, narrow } : figures };
  } catch (error) {
    await note();
    throw error;
  }
}

function sum(
  { meter }: Rebuilding,
  before: { events: number; documents: number; seconds: number },
): typeof before {
  return {
    events: before.events + meter.events,
    documents: before.documents + meter.documents,
    seconds: before.seconds + meter.seconds,
  };
}

/** The steps that only a narrow rebuild has. */
async function narrowDown(all: Rebuilding, { generation, file, resumed }: Claimed): Promise<Copied> {
  const { narrow, partitions } = file.record;
  let copied: Copied = { affected: 0, copied: 0 };
  if (!narrow || !all.narrow) return copied;
  const startOf = (progress: Progress): Progress[] => Array.from({ length: partitions }, () => progress);
  if (file.record.step.kind === 'choosing') {
    await chooseAffected(all, generation, all.narrow, narrow.live);
    await file.change({ step: { kind: 'copying' } });
  }
  if (file.record.step.kind === 'copying') {
    copied = await copyOthers(all, generation, narrow.live);
    await file.change({ step: { kind: 'affected', partitions: startOf({}) } });
  }
  if (file.record.step.kind === 'affected') {
    all.meter.begin('folding');
    await foldAll(all, { generation, file, resumed }, 'affected', await logEnds(all.readers), resumed);
    await file.change({ step: { kind: 'folding', partitions: startOf(narrow.floor) } });
  }
  return copied;
}

/** Folds until little is left, and gives the ends of the last round with the progress there. */
async function foldRounds(
  all: Rebuilding,
  claimed: Claimed,
  isUntouched: boolean,
): Promise<{ to: LogEnds; cut: Progress }> {
  let isFresh = isUntouched;
  for (let round = 1; ; round += 1) {
    const to = await logEnds(all.readers);
    const cut = await foldAll(all, claimed, 'folding', to, !isFresh);
    isFresh = false;
    const left = positionsLeft(cut, await logEnds(all.readers)) - positionsLeft(cut, to);
    if (left <= bounds.positions || round === bounds.rounds) return { to, cut };
  }
}

/**
 * Makes the generation ready once its subscription works. What the subscription brought before the generation was closed
 * to it was dropped, and is in the logs: so their ends are read after that.
 */
async function openSubscribed(
  all: Rebuilding,
  claimed: Claimed,
  subscription: Subscription,
): Promise<Generation> {
  const { generation } = claimed;
  await waitForProbe(all, generation, subscription);
  return whileOpening(all.store, generation, async () => {
    const { cut } = await foldRounds(all, claimed, false);
    return makeReady(all, generation, 'opening', cut);
  });
}

/** Folds all partitions up to the ends. @returns what all of them have */
async function foldAll(
  all: Rebuilding,
  { generation, file }: Claimed,
  kind: 'affected' | 'folding',
  to: LogEnds,
  mayBeStored: boolean,
): Promise<Progress> {
  const { meter, workers, memoryBytes, rate, checkpointEveryMs, batchBytes, signal } = all;
  const at = partitionsOf(file.record.step);
  const threads = Math.max(1, Math.min(workers, at.length));
  meter.begin('folding', to);
  const listener: FoldListener = {
    onCheckpoint: async (partition, progress) => {
      at[partition] = progress;
      await file.change({ step: { kind, partitions: [...at] } });
    },
    onProgress: (partition, figures) => meter.note(partition, figures),
  };
  const jobs = at.map((from, partition) => {
    meter.part(partition, from);
    return {
      ...{ generation, partition, partitions: at.length, from, to, checkpointEveryMs, batchBytes },
      isFresh: !mayBeStored,
      cacheBytes: cacheBytesOf(memoryBytes, threads),
      rate: rate === undefined ? undefined : rate / threads,
      affectedFile: kind === 'affected' ? affectedFile(all, generation) : undefined,
    };
  });
  await all.runner.run(jobs, listener, signal);
  signal.throwIfAborted();
  return least(at);
}

function partitionsOf(step: Step): Progress[] {
  if (step.kind === 'affected' || step.kind === 'folding') return [...step.partitions];
  throw new TypeError(`a rebuild that is ${step.kind} has nothing to fold`);
}

/** Notes the progress, and says that the generation is ready. Both may have been done by a run that was killed then. */
async function makeReady(
  { store }: Rebuilding,
  generation: Generation,
  from: 'building' | 'opening',
  cut: Progress,
): Promise<Generation> {
  const ready = { state: { kind: 'ready' as const }, floor: cut };
  for (;;) {
    const { revision, ...tracking } = await store.tracking(generation);
    if (canonicalJson(tracking.watermark) === canonicalJson(cut)) break;
    if (await store.changeTracking(generation, revision, { ...tracking, watermark: cut })) break;
  }
  await store.changeGeneration(generation, from, ready);
  return { ...generation, ...ready };
}
