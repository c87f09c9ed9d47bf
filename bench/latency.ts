import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { postgres, type ChangeLogLine } from 'banyan/cdc';
import { nodeFileSystem, openLogReader } from 'banyan/runtime';
import { createDatabase, startPostgresServer } from '../kit/postgres-server.ts';
import { createTpcb, runTpcb } from '../kit/tpcb.ts';
import { changeLogDirectory } from 'banyan/replay';
import { leanHeapFlags } from '../cli/lean-heap.ts';
import { quantile, runBench, type Figures } from './bench.ts';
import { readWire, type WireTimes } from './wire.ts';

const accounts = 100_000;

/** A figure of one run at one rate, milliseconds. */
interface Run {
  readonly view: readonly number[];
  readonly wire: readonly number[];
}

await runBench(
  'Commit to view, beside commit to wire (TPC-B, 4 clients, fsync on).',
  async ({ quick }, say) => {
    const directory = await mkdtemp(join(tmpdir(), 'banyan-bench-'));
    const server = await startPostgresServer({ settings: { fsync: 'on', synchronous_commit: 'on' } });
    try {
      const database = await createDatabase(server, 'bank');
      const views = await createDatabase(server, 'views');
      await createTpcb(database, accounts);
      const host = await startHostProcess({
        DATABASE_URL: database,
        VIEWS_URL: views,
        BANYAN_DIRECTORY: directory,
      });
      const wire = await readWire(
        postgres({ connectionString: database, tables: ['public.*'], slot: 'bare' }).create('wire'),
      );
      // Not measured: the snapshot goes through the view first.
      await measure(database, directory, { rate: 200, seconds: 3 }, host, wire);
      const figures: Record<string, number> = {};
      for (const rate of [200, 1000]) {
        const seconds = quick ? 10 : 60;
        const run = await measure(database, directory, { rate, seconds }, host, wire);
        say(`${rate}/s over ${seconds} s: ${run.view.length} transactions`);
        Object.assign(figures, rate === 1000 ? named(run) : atRate(run, rate));
      }
      await host.close();
      await wire.close();
      return figures;
    } finally {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
);

function named({ view, wire }: Run): Figures {
  const [viewP99, wireP99] = [quantile(view, 0.99), quantile(wire, 0.99)];
  return {
    latencyP50Ms: quantile(view, 0.5),
    latencyP99Ms: viewP99,
    wireP50Ms: quantile(wire, 0.5),
    wireP99Ms: wireP99,
    latencyRatioToWire: viewP99 / wireP99,
  };
}

function atRate({ view, wire }: Run, rate: number): Figures {
  return {
    [`latencyP50MsAt${rate}`]: quantile(view, 0.5),
    [`latencyP99MsAt${rate}`]: quantile(view, 0.99),
    [`wireP99MsAt${rate}`]: quantile(wire, 0.99),
  };
}

interface HostProcess {
  /** When everything up to a position was in the view, milliseconds since 1970; in order. */
  readonly passed: { readonly position: number; readonly at: number }[];
  close(): Promise<void>;
}

async function startHostProcess(env: Record<string, string>): Promise<HostProcess> {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const config = join(
    here.replace(/[\\/]dist[\\/]bench[\\/]$/, '/bench/'),
    '..',
    'examples/bank/banyan.config.ts',
  );
  const child = fork(join(here, 'latency-host.js'), [config], {
    env: { ...process.env, ...env },
    execArgv: [...leanHeapFlags],
  });
  const passed: HostProcess['passed'] = [];
  let closing = false;
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => {
      if (closing) return;
      const error = new Error(`the host ended with ${String(code)}`);
      reject(error);
      // Whoever waits for the view would wait for ever.
      throw error;
    });
    child.on('message', (message: { ready?: true; position?: number; at?: number }) => {
      if (message.ready) resolve();
      else if (message.position !== undefined && message.at !== undefined) {
        passed.push({ position: message.position, at: message.at });
      }
    });
  });
  return {
    passed,
    close: async () => {
      closing = true;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function measure(
  database: string,
  directory: string,
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
  host: HostProcess,
  wire: WireTimes,
): Promise<Run> {
  const log = await openLogReader<ChangeLogLine>({
    directory: changeLogDirectory(directory, 'bank'),
    fileSystem: nodeFileSystem,
  });
  const from = ((await log.head())?.position ?? 0) + 1;
  const transactions = rate * seconds;
  await runTpcb(database, { clients: 4, transactions, rate, accounts });
  const view: number[] = [];
  const onWire: number[] = [];
  let next = 0;
  const stop = new AbortController();
  for await (const batch of log.read({ from, follow: true, signal: stop.signal })) {
    for (const { position, single } of batch) {
      if (single?.kind !== 'transaction') continue;
      const committed = milliseconds(single.committedAt);
      while ((host.passed[next]?.position ?? Infinity) < position) next += 1;
      while (host.passed[next] === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
      view.push((host.passed[next]?.at ?? Number.NaN) - committed);
      const arrived = await wire.of(single.xid);
      onWire.push(arrived - committed);
    }
    if (view.length >= transactions) stop.abort();
  }
  await log.close();
  // The first second warms up.
  return { view: view.slice(rate), wire: onWire.slice(rate) };
}

/** Milliseconds since 1970 with fractions, of a time with microseconds. */
function milliseconds(iso: string): number {
  return Date.parse(`${iso.slice(0, 23)}Z`) + Number(iso.slice(23, 26)) / 1000;
}
