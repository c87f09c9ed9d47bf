import { eventLogDirectory } from 'banyan/replay';
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDatabase, startPostgresServer } from '../kit/postgres-server.ts';
import { runBench } from './bench.ts';
import { rebuildWithEmmett } from './emmett.ts';
import { log, writeEventLog, type Keys } from './replay-log.ts';
import type { ReplayResult, ReplayRun } from './replay-run.ts';

const budget = 1024 * 2 ** 20;

await runBench(
  'Rebuilding a view, beside reading and parsing the same log alone (about 250 bytes an event).',
  async ({ quick }, say) => {
    const events = quick ? 100_000 : 1_000_000;
    const directory = await mkdtemp(join(tmpdir(), 'banyan-bench-'));
    const server = await startPostgresServer({ settings: {} });
    try {
      const figures: Record<string, number> = {};
      let peak = 0;
      let databases = 0;
      for (const keys of ['distinct', 'skewed'] satisfies Keys[]) {
        const place = join(directory, keys);
        await writeEventLog(eventLogDirectory(place, log), events, keys);
        // A view store in memory lives in the workers' heaps too, and is no part of what the memory is given for.
        const memoryBytes = { parse: budget, memory: budget * 4, postgres: budget };
        const measure = async (given: Pick<ReplayRun, 'kind' | 'workers'>, more: Partial<ReplayRun> = {}) => {
          const views = await createDatabase(server, `views_${String((databases += 1))}`);
          const result = await run(
            { directory: place, memoryBytes: memoryBytes[given.kind], ...given, ...more },
            views,
          );
          const { seconds, cpuSeconds, peakBytes } = result;
          const rate = result.events / seconds;
          say(
            `${keys}, ${given.kind}, ${String(given.workers)} workers: ${Math.round(rate).toLocaleString('en-US')} events/s, ` +
              `${Math.round(result.events / cpuSeconds).toLocaleString('en-US')} a CPU second, ${String(Math.round(peakBytes / 2 ** 20))} MB`,
          );
          if (given.kind === 'postgres') peak = Math.max(peak, peakBytes);
          return { rate, perCpu: result.events / cpuSeconds };
        };
        const parsed = await measure({ kind: 'parse', workers: 0 });
        const one = await measure({ kind: 'memory', workers: 1 });
        const two = await measure({ kind: 'memory', workers: 2 });
        const whole = await measure({ kind: 'postgres', workers: 2 });
        const tight = await measure({ kind: 'postgres', workers: 2 }, { memoryBytes: 400 * 2 ** 20 });
        const name = keys === 'distinct' ? '' : 'Skewed';
        Object.assign(figures, {
          [`eventsPerSecond${name}`]: whole.rate,
          [`ratioToParse${name}`]: one.rate / parsed.rate,
          [`ratioToParseCpu${name}`]: one.perCpu / parsed.perCpu,
          [`speedupTwoWorkers${name}`]: two.rate / one.rate,
          [`eventsPerSecond400M${name}`]: tight.rate,
        });
      }
      // Far fewer events for the peer, whose rate does not depend on their number; all would take it half an hour.
      const few = join(directory, 'peer');
      await writeEventLog(eventLogDirectory(few, log), quick ? 5_000 : 100_000, 'distinct');
      const peer = await rebuildWithEmmett(few, await createDatabase(server, 'peer'));
      say(`distinct, emmett: ${Math.round(peer).toLocaleString('en-US')} events/s`);
      const ratioToPeer = (figures['eventsPerSecond'] ?? 0) / peer;
      return { ...figures, ratioToPeer, peakMegabytes: peak / 2 ** 20 };
    } finally {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
);

/** Measures in a process of its own. */
function run(asked: ReplayRun, views: string): Promise<ReplayResult> {
  const child = fork(fileURLToPath(new URL('./replay-run.js', import.meta.url)), [], {
    env: { ...process.env, VIEWS_URL: views },
  });
  return new Promise((resolve, reject) => {
    let result: ReplayResult | undefined;
    child.once('message', (message) => (result = message as ReplayResult));
    child.once('error', reject);
    child.once('exit', (code) => {
      if (result) resolve(result);
      else reject(new Error(`the measurement ${JSON.stringify(asked)} ended with ${String(code)}`));
    });
    child.send(asked);
  });
}
