import { toError } from 'banyan/runtime';
import { Worker } from 'node:worker_threads';
import { outOfMemory, workerLost } from './errors.ts';
import type { Folded } from './fold-partition.ts';
import type { FoldJob, FoldListener, FoldRunner } from './job.ts';
import { errorOf, type WorkerInput, type WorkerMessage } from './worker-messages.ts';

/** How the folds are spread over threads. */
export interface ThreadOptions extends Omit<WorkerInput, 'job'> {
  /** Threads at once. */
  readonly workers: number;
  /** Of all threads together, bytes. */
  readonly memoryBytes: number;
}

/** From sources Node runs this very file, from a build what was made of it. */
const script = import.meta.url.endsWith('.ts')
  ? new URL('./worker.ts', import.meta.url)
  : new URL('./worker.js', import.meta.url);

/** Runs each job in a thread of its own, some at once. */
export function threadRunner(options: ThreadOptions): FoldRunner {
  return {
    run: async (jobs, listener, signal) => {
      const failing = new AbortController();
      const stop = AbortSignal.any([signal, failing.signal]);
      const waiting = [...jobs];
      const folded: Folded[] = [];
      let failure: Error | undefined;
      const lane = async (): Promise<void> => {
        for (let job = waiting.shift(); job && !stop.aborted; job = waiting.shift()) {
          try {
            folded.push(await runInThread(options, job, listener, stop));
          } catch (error) {
            failure ??= toError(error);
            failing.abort();
          }
        }
      };
      await Promise.all(Array.from({ length: Math.min(options.workers, jobs.length) }, lane));
      if (failure) throw failure;
      return folded;
    },
  };
}

async function runInThread(
  { workers, memoryBytes, ...given }: ThreadOptions,
  job: FoldJob,
  listener: FoldListener,
  stop: AbortSignal,
): Promise<Folded> {
  const heap = heapMegabytes(memoryBytes, workers);
  const workerData: WorkerInput = { ...given, job };
  const worker = new Worker(script, { workerData, resourceLimits: { maxOldGenerationSizeMb: heap } });
  const end = (): void => worker.postMessage('stop');
  const kept: Promise<void>[] = [];
  try {
    stop.addEventListener('abort', end, { once: true });
    const folded = await new Promise<Folded>((resolve, reject) => {
      let ended: Folded | undefined;
      let failed: Error | undefined;
      worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'checkpoint') kept.push(listener.onCheckpoint(job.partition, message.progress));
        else if (message.kind === 'progress') listener.onProgress(job.partition, message.figures);
        else if (message.kind === 'ended') ended = message.folded;
        else failed ??= errorOf(message.error);
      });
      worker.once('error', (error: Error & { code?: string }) => {
        failed ??=
          error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? outOfMemory(job.generation, memoryBytes) : error;
      });
      worker.once('exit', (code) => {
        if (failed) reject(failed);
        else if (ended) resolve(ended);
        else reject(workerLost(job.generation, code));
      });
    });
    listener.onProgress(job.partition, folded);
    return folded;
  } finally {
    stop.removeEventListener('abort', end);
    await Promise.all(kept);
  }
}

/**
 * The limit of a worker's heap: what bounds the memory is the cache, this ends a worker whose documents are far larger
 * than they seem. No tighter than it must be, since V8 collects all the time long before it: with 45 MB of documents
 * folding took 2.6 times the CPU under a limit of 170 MB than under none.
 */
function heapMegabytes(memoryBytes: number, workers: number): number {
  return Math.max(128, Math.floor(Math.min((memoryBytes / workers) * 1.5, memoryBytes) / 2 ** 20));
}
