import { eventLogDirectory, rebuild } from 'banyan/replay';
import type { EventLogLine } from 'banyan/events';
import { nodeFileSystem, openLogReader, silentLogger } from 'banyan/runtime';
import { fileURLToPath } from 'node:url';
import { log } from './replay-log.ts';
import { openMemory, openPostgres } from './replay-store.ts';
import view from './replay-view.ts';

/** One measurement, in a process of its own so that its memory is its own. */
export interface ReplayRun {
  readonly directory: string;
  /** `parse`: the log is read and parsed, and that is all. */
  readonly kind: 'parse' | 'memory' | 'postgres';
  readonly workers: number;
  readonly memoryBytes: number;
}

/** What it came to. */
export interface ReplayResult {
  readonly events: number;
  readonly seconds: number;
  /** Of all threads of the process. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

async function parse(directory: string): Promise<number> {
  const place = { directory: eventLogDirectory(directory, log), fileSystem: nodeFileSystem };
  const reader = await openLogReader<EventLogLine>(place);
  let events = 0;
  for await (const batch of reader.read({ from: 1 })) {
    for (const { single } of batch) events += single?.kind === 'events' ? single.events.length : 0;
  }
  await reader.close();
  return events;
}

async function fold({ directory, kind, workers, memoryBytes }: ReplayRun): Promise<number> {
  const store = kind === 'memory' ? await openMemory() : openPostgres();
  await store.prepare();
  // The first rebuild of the environment makes generation 1, which the workers' stores in memory have.
  if (kind === 'memory') await store.dropGeneration({ projection: view.name, number: 1 });
  const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const { figures } = await rebuild({
    ...{
      directory,
      store,
      workers,
      memoryBytes,
      group: 'bench',
      projection: view.name,
      bundle: 'bench',
      logs: [log],
    },
    bundles: { path: () => fileOf('./replay-view.js'), projection: async () => view },
    openStore: {
      module: fileOf('./replay-store.js'),
      export: kind === 'memory' ? 'openMemory' : 'openPostgres',
    },
    logger: silentLogger,
  });
  await store.close();
  return figures.events;
}

process.once('message', (run: ReplayRun) => {
  void (async () => {
    const [started, cpu] = [performance.now(), process.cpuUsage()];
    const events = run.kind === 'parse' ? await parse(run.directory) : await fold(run);
    const { user, system } = process.cpuUsage(cpu);
    const seconds = (performance.now() - started) / 1000;
    const peakBytes = process.resourceUsage().maxRSS * 1024;
    const result: ReplayResult = { events, seconds, cpuSeconds: (user + system) / 1e6, peakBytes };
    process.send?.(result);
    process.disconnect();
  })();
});
