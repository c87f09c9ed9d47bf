import type { EventLogLine, EventLogRef } from 'banyan/events';
import type { AnyProjection, Generation, ViewStore } from 'banyan/projections';
import {
  closeAll,
  isBanyanError,
  nodeFileSystem,
  openLogReader,
  systemClock,
  toError,
  type Clock,
  type Closeable,
  type FileSystem,
  type Logger,
} from 'banyan/runtime';
import { availableParallelism } from 'node:os';
import type { BundleStore } from '../bundles/bundle.ts';
import type { ParkedKeys } from '../parked-keys.ts';
import { eventLogDirectory } from '../places.ts';
import { buildGeneration } from './build.ts';
import { storeUnreachable } from './errors.ts';
import { claimGeneration } from './generation.ts';
import type { FoldRunner } from './job.ts';
import { takeLock } from './lock.ts';
import { Meter, type RebuildProgress } from './meter.ts';
import type { Narrow } from './narrow/narrow.ts';
import { inlineRunner } from './run-job.ts';
import { threadRunner } from './thread-runner.ts';
import type { Subscription } from './subscription.ts';
import type { StoreModule } from './worker-messages.ts';

/** What is rebuilt, from what, and with how much. */
export interface RebuildOptions {
  /** The environment's directory. */
  readonly directory: string;
  readonly store: ViewStore;
  readonly bundles: Pick<BundleStore, 'path' | 'projection'>;
  /** The function group that the projection belongs to. */
  readonly group: string;
  readonly projection: string;
  /** The hash of the bundle that folds. */
  readonly bundle: string;
  /** The event logs that feed the view. */
  readonly logs: readonly EventLogRef[];
  /** Absent: the whole view. */
  readonly narrow?: Narrow;
  /** Absent: the generation is ready when it is folded; whoever feeds it begins at its floor. */
  readonly subscription?: Subscription;
  /** Threads; 0: in this one. Default: one a core. */
  readonly workers?: number;
  /** Parts that the keys are folded in, one after the other where there are fewer threads. Default: one a thread. */
  readonly partitions?: number;
  /** How a worker opens the store; needed where there are workers. */
  readonly openStore?: StoreModule;
  /** Memory of the fold, bytes, whatever the number of keys. Default 1 GiB. */
  readonly memoryBytes?: number;
  /** Documents written a second at most; fewer where the store asks for less. */
  readonly rate?: number;
  /** Milliseconds between checkpoints at least. Default 5000. */
  readonly checkpointEveryMs?: number;
  /** About how many bytes of each log are read at once. Default 256 KiB. */
  readonly batchBytes?: number;
  /** Take the lock of a process on another host, which is known not to run any more. */
  readonly takeOver?: boolean;
  readonly fileSystem?: FileSystem;
  readonly clock?: Clock;
  readonly logger: Logger;
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Aborting ends the rebuild at a checkpoint; the same call goes on from there. */
  readonly signal?: AbortSignal;
}

/** Figures of a rebuild, all its runs together. */
export interface RebuildFigures {
  /** Events that the projection folds, each once, and again where they were folded anew. */
  readonly events: number;
  /** Documents written. */
  readonly documents: number;
  readonly seconds: number;
  /** Keys that wait at an event that cannot be applied, their documents being what came before it. */
  readonly parked: ParkedKeys;
  /** How often in this run the store refused a part of a write since it was asked for too much: it was slowed down for. */
  readonly throttled: number;
  /** The most resident memory seen in this run, bytes. */
  readonly peakMemoryBytes: number;
  /** Whether an earlier run had begun it. */
  readonly resumed: boolean;
  /** Narrow: affected keys, copied items, and keys that were folded anew to check the claim. */
  readonly narrow?: { readonly affected: number; readonly copied: number; readonly sampled: number };
}

/** A generation that is ready. */
export interface Rebuilt {
  readonly generation: Generation;
  readonly figures: RebuildFigures;
}

/** What the steps of a rebuild share. */
export interface Rebuilding extends RebuildOptions {
  readonly fileSystem: FileSystem;
  readonly code: AnyProjection;
  readonly memoryBytes: number;
  readonly workers: number;
  readonly clock: Clock;
  readonly runner: FoldRunner;
  readonly readers: readonly { readonly log: EventLogRef; readonly reader: Reader }[];
  readonly meter: Meter;
  readonly signal: AbortSignal;
}

type Reader = Awaited<ReturnType<typeof openLogReader<EventLogLine>>>;

const defaultMemory = 1024 * 2 ** 20;

/**
 * Builds a new generation of a projection from its event logs, up to their present; or goes on with one that was begun
 * for the same bundle and logs. One that was begun for others is failed and dropped. The generation is `ready` then. An
 * event that cannot be applied parks its key and nothing else.
 * @throws BanyanError REPLAY_RUNNING, REPLAY_NOT_SUBSCRIBED, PROJECTION_FAILED (the keys of an event cannot be told; the generation is
 *   `failed`), REPLAY_NOT_NARROW, REPLAY_OUT_OF_MEMORY, LOG_*; the signal's reason
 */
export async function rebuild(options: RebuildOptions): Promise<Rebuilt> {
  const { directory, projection, fileSystem = nodeFileSystem } = options;
  const { workers = availableParallelism(), memoryBytes = defaultMemory } = options;
  const { clock = systemClock, signal = new AbortController().signal } = options;
  signal.throwIfAborted();
  const code = await options.bundles.projection(options.bundle);
  const lock = await takeLock(fileSystem, directory, projection, options.takeOver);
  const opened: Closeable[] = [];
  try {
    const readers = await openReaders(options, fileSystem, opened);
    const runner = runnerOf({ ...options, fileSystem, memoryBytes, workers }, code, readers);
    const meter = new Meter(options.onProgress);
    const all: Rebuilding = {
      ...options,
      ...{ fileSystem, code, memoryBytes, workers, clock, runner, readers, meter, signal },
    };
    const claimed = await claimGeneration(all);
    return await buildGeneration(all, claimed).catch(async (error: unknown) => {
      await failIfFatal(all, claimed, error);
      throw error;
    });
  } finally {
    await closeAll([{ close: () => lock.release() }, ...opened]);
  }
}

async function openReaders(
  { directory, logs }: RebuildOptions,
  fileSystem: FileSystem,
  opened: Closeable[],
): Promise<Rebuilding['readers']> {
  const readers = [];
  for (const log of logs) {
    const reader = await openLogReader<EventLogLine>({
      directory: eventLogDirectory(directory, log),
      fileSystem,
    });
    opened.push(reader);
    readers.push({ log, reader });
  }
  return readers;
}

function runnerOf(
  options: RebuildOptions & Pick<Rebuilding, 'fileSystem' | 'memoryBytes' | 'workers'>,
  projection: AnyProjection,
  logs: Rebuilding['readers'],
): FoldRunner {
  const { fileSystem, memoryBytes, workers, store, openStore, bundles, directory } = options;
  if (workers === 0) return inlineRunner(fileSystem, { projection, store, logs });
  if (!openStore)
    throw storeUnreachable(options.projection, '`openStore` to name a module, or `workers` to be 0');
  const places = logs.map(({ log }) => ({ log, directory: eventLogDirectory(directory, log) }));
  return threadRunner({
    ...{ workers, memoryBytes, store: openStore },
    bundle: bundles.path(options.bundle),
    logs: places,
  });
}

/** What no repetition mends: the code, or the claim about it, is wrong. */
const fatal = new Set(['PROJECTION_FAILED', 'REPLAY_NOT_NARROW']);

async function failIfFatal(
  { store, logger }: Rebuilding,
  { generation, file }: Awaited<ReturnType<typeof claimGeneration>>,
  thrown: unknown,
): Promise<void> {
  const error = toError(thrown);
  if (!isBanyanError(thrown) || !fatal.has(thrown.code)) return;
  const why = error.message;
  try {
    await store.changeGeneration(generation, 'building', {
      state: { kind: 'failed', why },
      floor: generation.floor,
    });
    await file.change({ step: { kind: 'failed', why } });
  } catch (second) {
    // The first error is the one to tell; the next rebuild meets the generation again.
    logger.warn(
      { err: second, projection: generation.projection },
      'the failed generation could not be marked',
    );
  }
}
