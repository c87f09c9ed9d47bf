import cliProgress from 'cli-progress';
import type { Terminal } from './output.ts';

/** A long piece of work that tells how far it is. */
export interface Progress {
  /** How much is done, and of how much if that is known. */
  update(done: number, total?: number): void;
  /** Ends it; the last figures stay. */
  stop(): void;
}

/** Between two plain lines, where no terminal redraws them. */
const plainEveryMs = 2000;

/**
 * A progress bar on a terminal, and a plain line every two seconds elsewhere.
 * @param unit what is counted, in the plural: `rows`
 */
export function progress(terminal: Terminal, title: string, unit: string): Progress {
  return terminal.interactive ? bar(title, unit) : plainLines(terminal, title, unit);
}

function bar(title: string, unit: string): Progress {
  const drawn = new cliProgress.SingleBar(
    {
      format: `${title} {bar} {value}/{total} ${unit}, {speed}/s, {eta_formatted} left`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 30,
      hideCursor: true,
      stream: process.stderr,
    },
    cliProgress.Presets.shades_classic,
  );
  const began = Date.now();
  drawn.start(0, 0, { speed: 0 });
  return {
    update: (done, total) => {
      drawn.setTotal(Math.max(total ?? 0, done));
      drawn.update(done, { speed: Math.round((done * 1000) / Math.max(1, Date.now() - began)) });
    },
    stop: () => {
      drawn.stop();
    },
  };
}

function plainLines(terminal: Terminal, title: string, unit: string): Progress {
  let last = Date.now();
  let pending: string | undefined;
  const say = (): void => {
    if (pending !== undefined) terminal.err(pending);
    pending = undefined;
    last = Date.now();
  };
  return {
    update: (done, total) => {
      pending = `${title}: ${done.toLocaleString('en-US')}${total === undefined ? '' : ` of about ${total.toLocaleString('en-US')}`} ${unit}\n`;
      if (Date.now() - last >= plainEveryMs) say();
    },
    stop: say,
  };
}
