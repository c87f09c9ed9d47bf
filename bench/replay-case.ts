import { eventLogDirectory } from 'banyan/replay';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createDatabase, type PostgresServer } from '../kit/postgres-server.ts';
import type { Figures } from './bench.ts';
import { rebuildWithEmmett } from './emmett.ts';
import { log, writeEventLog, type Keys } from './replay-log.ts';
import type { ReplayResult, ReplayRun } from './replay-run.ts';

const budget = 1024 * 2 ** 20;
const tightBudget = 400 * 2 ** 20;

/** One log, and what is measured on it. Skewed keys are a fifth as many as events, distinct ones as many. */
export interface Case {
  readonly keys: Keys;
  readonly events: number;
  /** Ten million documents of distinct keys do not fit into a store in memory: such a case is whole only. */
  readonly inMemory: boolean;
  /** The peer takes ten minutes for a million events. */
  readonly peer: boolean;
  /** What comes behind the names of its figures. */
  readonly suffix: string;
}

/** What one measurement came to, as rates. */
interface Rates {
  /** Events a second. */
  readonly rate: number;
  /** Events a CPU second of all threads. */
  readonly perCpu: number;
}

/** The measurements on one log. */
export class CaseBench {
  readonly #case: Case;
  readonly #directory: string;
  readonly #server: PostgresServer;
  readonly #say: (line: string) => void;
  #databases = 0;
  #peakBytes = 0;

  constructor(one: Case, directory: string, server: PostgresServer, say: (line: string) => void) {
    this.#case = one;
    this.#directory = directory;
    this.#server = server;
    this.#say = say;
  }

  /** @param peerEvents how many events the peer gets */
  async run(peerEvents: number): Promise<{ figures: Figures; peakBytes: number }> {
    const { keys, events, inMemory, peer } = this.#case;
    await writeEventLog(eventLogDirectory(this.#directory, log), events, keys);
    const parsed = await this.#measure({ kind: 'parse', workers: 0, memoryBytes: budget });
    const fold = inMemory ? await this.#fold(parsed) : {};
    const whole = await this.#measure({ kind: 'postgres', workers: 2, memoryBytes: budget });
    // The run with less memory is no part of the peak with the default.
    const peakBytes = this.#peakBytes;
    const tight = await this.#measure({ kind: 'postgres', workers: 2, memoryBytes: tightBudget });
    const ratioToPeer = peer ? { ratioToPeer: whole.rate / (await this.#peer(peerEvents)) } : {};
    const rates = { eventsPerSecond: whole.rate, eventsPerSecond400M: tight.rate };
    return { figures: this.#named({ ...rates, ...fold, ...ratioToPeer }), peakBytes };
  }

  async #fold(parsed: Rates): Promise<Figures> {
    // A view store in memory lives in the workers' heaps too, and is no part of what the memory is given for.
    const memoryBytes = budget * 4;
    const one = await this.#measure({ kind: 'memory', workers: 1, memoryBytes });
    const two = await this.#measure({ kind: 'memory', workers: 2, memoryBytes });
    return {
      ratioToParse: one.rate / parsed.rate,
      ratioToParseCpu: one.perCpu / parsed.perCpu,
      speedupTwoWorkers: two.rate / one.rate,
    };
  }

  async #peer(events: number): Promise<number> {
    const directory = `${this.#directory}-peer`;
    await writeEventLog(eventLogDirectory(directory, log), events, this.#case.keys);
    const rate = await rebuildWithEmmett(directory, await this.#database());
    this.#say(`${this.#case.keys}, emmett: ${text(rate)} events/s`);
    return rate;
  }

  async #measure(given: Omit<ReplayRun, 'directory'>): Promise<Rates> {
    const result = await run({ directory: this.#directory, ...given }, await this.#database());
    const { events, seconds, cpuSeconds, peakBytes } = result;
    const { kind, workers, memoryBytes } = given;
    const rates = { rate: events / seconds, perCpu: events / cpuSeconds };
    if (kind === 'postgres') this.#peakBytes = Math.max(this.#peakBytes, peakBytes);
    const memory = kind === 'postgres' ? `, --memory ${String(memoryBytes / 2 ** 20)}M` : '';
    this.#say(
      `${text(events)} ${this.#case.keys}, ${kind}, ${String(workers)} workers${memory}: ${text(rates.rate)} events/s, ` +
        `${text(rates.perCpu)} a CPU second, ${text(peakBytes / 2 ** 20)} MB`,
    );
    return rates;
  }

  #database(): Promise<string> {
    this.#databases += 1;
    const { keys, events } = this.#case;
    return createDatabase(this.#server, `views_${keys}_${String(events)}_${String(this.#databases)}`);
  }

  #named(figures: Figures): Figures {
    const { suffix } = this.#case;
    return Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${name}${suffix}`, value]));
  }
}

function text(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Measures in a process of its own. */
function run(asked: ReplayRun, views: string): Promise<ReplayResult> {
  const child = fork(fileURLToPath(new URL('./replay-run.js', import.meta.url)), [], {
    // The limit of the machine's heap is not what is measured: `--memory` must do with what it says.
    execArgv: asked.kind === 'memory' ? ['--max-old-space-size=8192'] : [],
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
