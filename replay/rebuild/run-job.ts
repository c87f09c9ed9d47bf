import type { FileSystem } from 'banyan/runtime';
import { readAffected } from './affected-file.ts';
import { foldPartition, type Folded } from './fold-partition.ts';
import type { FoldJob, FoldListener, FoldParts, FoldRunner } from './job.ts';

/** Runs one job in this thread. */
export async function runJob(
  fileSystem: FileSystem,
  parts: FoldParts,
  job: FoldJob,
  listener: FoldListener,
  signal: AbortSignal,
): Promise<Folded> {
  const { affectedFile, partition } = job;
  const affected = affectedFile === undefined ? undefined : await readAffected(fileSystem, affectedFile);
  const folded = await foldPartition({
    ...job,
    ...parts,
    signal,
    only: affected && ((key) => affected.has(key)),
    onCheckpoint: (progress) => listener.onCheckpoint(partition, progress),
    onProgress: (figures) => listener.onProgress(partition, figures),
  });
  listener.onProgress(partition, folded);
  return folded;
}

/** Runs all jobs in this thread, one after the other. */
export function inlineRunner(fileSystem: FileSystem, parts: FoldParts): FoldRunner {
  return {
    run: async (jobs, listener, signal) => {
      const folded: Folded[] = [];
      for (const job of jobs) folded.push(await runJob(fileSystem, parts, job, listener, signal));
      return folded;
    },
  };
}
