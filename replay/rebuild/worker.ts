import type { EventLogLine } from 'banyan/events';
import type { AnyProjection } from 'banyan/projections';
import { closeAll, nodeFileSystem, openLogReader, type Closeable } from 'banyan/runtime';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { openStoreOf } from './open-store.ts';
import { runJob } from './run-job.ts';
import { plainError, type WorkerInput, type WorkerMessage } from './worker-messages.ts';

/*
 * Folds one partition in a thread of its own, with its own store and readers; any message to it ends it at a
 * checkpoint.
 */
const say = (message: WorkerMessage): void => parentPort?.postMessage(message);
const stopping = new AbortController();
parentPort?.once('message', () => stopping.abort());

async function work({ job, bundle, store: module, logs: places }: WorkerInput): Promise<void> {
  const opened: Closeable[] = [];
  try {
    const { default: projection } = (await import(pathToFileURL(bundle).href)) as { default: AnyProjection };
    const store = await openStoreOf(module, job.generation.projection);
    opened.push(store);
    const logs = [];
    for (const { log, directory } of places) {
      const reader = await openLogReader<EventLogLine>({ directory, fileSystem: nodeFileSystem });
      opened.push(reader);
      logs.push({ log, reader });
    }
    let told = 0;
    const listener = {
      onCheckpoint: async (_: number, progress: WorkerCheckpoint) => say({ kind: 'checkpoint', progress }),
      onProgress: (_: number, figures: WorkerFigures) => {
        const now = performance.now();
        if (now - told < 100) return;
        told = now;
        say({ kind: 'progress', figures });
      },
    };
    const folded = await runJob(nodeFileSystem, { projection, store, logs }, job, listener, stopping.signal);
    say({ kind: 'ended', folded });
  } catch (error) {
    say({ kind: 'failed', error: plainError(error) });
  } finally {
    await closeAll(opened).catch((error: unknown) => say({ kind: 'failed', error: plainError(error) }));
    parentPort?.close();
  }
}

type WorkerCheckpoint = Extract<WorkerMessage, { kind: 'checkpoint' }>['progress'];
type WorkerFigures = Extract<WorkerMessage, { kind: 'progress' }>['figures'];

await work(workerData as WorkerInput);
