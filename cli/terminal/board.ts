import cliProgress from 'cli-progress';
import type { Terminal } from './output.ts';
import { progressLine, progressText, type ProgressFigures } from './progress-line.ts';

/** A long piece of work that tells how far it is. */
export interface Progress {
  /** How much is done, and of how much if that is known. */
  update(done: number, total?: number): void;
  /** Ends it: its bar goes, and whoever began it tells the outcome. */
  stop(): void;
}

/** Where a command speaks while pieces of work are under way: what it says stands above their bars. */
export interface Board extends Pick<Terminal, 'out' | 'err'> {
  /**
   * A bar on a terminal; elsewhere a plain line now and then.
   * @param unit what is counted, in the plural: `rows`
   * @param estimated whether the total is a guess
   */
  progress(title: string, unit: string, estimated?: boolean): Progress;
}

/** Between two plain lines, where no terminal redraws them: seconds of work need none, hours not thousands. */
const plainEveryMs = 10_000;

/** A piece of work, as it stands. */
interface Task {
  readonly figures: () => ProgressFigures;
}

/** Makes the board of a command. @param now milliseconds */
export function createBoard(terminal: Terminal, now: () => number = Date.now): Board {
  return terminal.interactive ? new LiveBoard(terminal, now) : plainBoard(terminal, now);
}

/** Bars at the foot of a terminal. */
class LiveBoard implements Board {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #tasks = new Set<Task>();
  #bars: cliProgress.MultiBar | undefined;

  constructor(terminal: Terminal, now: () => number) {
    this.#terminal = terminal;
    this.#now = now;
  }

  readonly out = (text: string): void => this.#above(() => this.#terminal.out(text));
  readonly err = (text: string): void => this.#above(() => this.#terminal.err(text));

  progress(title: string, unit: string, estimated = false): Progress {
    const { task, update } = follow(this.#now, { title, unit, estimated });
    this.#above(() => this.#tasks.add(task));
    return { update, stop: () => this.#above(() => this.#tasks.delete(task)) };
  }

  /** Takes the bars away, lets something happen, and draws those there are now. */
  #above(happen: () => void): void {
    this.#bars?.stop();
    this.#bars = undefined;
    happen();
    if (this.#tasks.size === 0) return;
    const { width, err } = this.#terminal;
    const stream = { isTTY: true, columns: width, write: (text: string) => (err(text), true) };
    const bars = new cliProgress.MultiBar({
      format: (_, __, { task }: { task: Task }) => progressLine(task.figures(), this.#terminal.width),
      stream: stream as unknown as NodeJS.WritableStream,
      clearOnComplete: true,
      // Whoever ends the process by a signal closes what runs, and with it the bars.
      gracefulExit: false,
    });
    for (const task of this.#tasks) bars.create(1, 0, { task });
    bars.update();
    this.#bars = bars;
  }
}

function plainBoard({ out, err }: Terminal, now: () => number): Board {
  return {
    out,
    err,
    progress: (title, unit, estimated = false) => {
      const { task, update } = follow(now, { title, unit, estimated });
      let last = now();
      return {
        update: (done, total) => {
          update(done, total);
          if (now() - last < plainEveryMs) return;
          last = now();
          err(`${progressText(task.figures())}\n`);
        },
        stop: () => undefined,
      };
    },
  };
}

function follow(
  now: () => number,
  fixed: Pick<ProgressFigures, 'title' | 'unit' | 'estimated'>,
): { readonly task: Task; readonly update: Progress['update'] } {
  const began = now();
  let done = 0;
  let total: number | undefined;
  return {
    task: { figures: () => ({ ...fixed, done, total, elapsedMs: now() - began }) },
    update: (newDone, newTotal) => {
      done = newDone;
      total = newTotal;
    },
  };
}
