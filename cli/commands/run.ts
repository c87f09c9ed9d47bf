import { createLogger } from 'banyan/runtime';
import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { startRunHost, type RunHost, type RunHostOptions } from '../run/run-host.ts';
import { createBoard } from '../terminal/board.ts';
import { readableLogLine } from '../terminal/log-lines.ts';
import type { Terminal } from '../terminal/output.ts';
import { shownSnapshots } from '../terminal/shown-snapshots.ts';
import { outOfDateText, warnOfCode } from './out-of-date-text.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from './options.ts';

interface RunOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly logLevel: string;
}

/** `banyan run` */
export function addRunCommand(program: Command, context: CommandContext): void {
  withJson(withConfig(program.command('run')))
    .description('capture, translate and publish events for functions elsewhere, until it is stopped')
    .option('--log-level <level>', 'debug, info, warn or error', 'warn')
    .addHelpText('after', help)
    .action((options: RunOptions) => run(options, context));
}

const help = `
What runs in production beside the functions: the captures of all sources, the translators, the tallies, and what
publishes events and tallies onto the bus that the configuration names as "delivery". An event log is published once a
generation reads it: the first one of a view is built by banyan replay start, as all others. It feeds no views and runs
no gateways. One runs on a directory at a time; banyan verify, log trace and the others ask it as they ask banyan dev.
`;

async function run(options: RunOptions, context: CommandContext): Promise<void> {
  // So that an error of a translation tells the place in its own file, and not in the bundle.
  process.setSourceMapsEnabled(true);
  const loaded = await configOf(options, context);
  const teller = options.json === true ? jsonTeller(context.terminal) : textTeller(context.terminal);
  const { log, onSnapshot, onSnapshotEnd } = teller;
  try {
    const logger = createLogger({ level: options.logLevel, ...(log && { write: log }) });
    const host = await startRunHost({ loaded, logger, signal: context.signal, onSnapshot, onSnapshotEnd });
    try {
      if (!context.signal.aborted) teller.ready(host);
      if (options.json === true) warnOfCode(host.outOfDate, logger);
      await host.ended;
    } finally {
      await host.close();
    }
  } finally {
    teller.close();
  }
}

/** Says what happens, to a person or to a program. */
interface Teller extends Required<Pick<RunHostOptions, 'onSnapshot' | 'onSnapshotEnd'>> {
  readonly ready: (host: RunHost) => void;
  /** Takes the lines of the log; absent where they stay as they are. */
  readonly log?: (line: string) => void;
  readonly close: () => void;
}

function jsonTeller({ out }: Terminal): Teller {
  const tell = (message: object): void => out(`${JSON.stringify(message)}\n`);
  return {
    onSnapshot: (source, told) => tell({ event: 'snapshot', source, ...told }),
    onSnapshotEnd: (source) => tell({ event: 'snapshot-end', source }),
    ready: ({ logs, outOfDate, unbuilt }) => {
      for (const { kind, name, why, next } of outOfDate)
        tell({ event: 'out-of-date', kind, name, why, next });
      tell({ event: 'ready', pid: process.pid, publishes: logs, unbuilt });
    },
    close: () => undefined,
  };
}

function textTeller(terminal: Terminal): Teller {
  const board = createBoard(terminal);
  const snapshots = shownSnapshots(board);
  return {
    onSnapshot: snapshots.progress,
    onSnapshotEnd: snapshots.end,
    ready: ({ logs, outOfDate, unbuilt }) => {
      const names = logs.map((log) => `  ${log}\n`).join('');
      board.out(
        `banyan runs; Ctrl-C ends it.\n\nEvent logs, published once a generation reads them:\n${names}\n`,
      );
      if (unbuilt.length > 0)
        board.out(`Views that are not built yet; next: banyan replay start ${unbuilt.join(' ')}\n\n`);
      if (outOfDate.length > 0) board.out(`${outOfDateText(outOfDate)}\n`);
    },
    log: (line) => board.err(readableLogLine(line, terminal.interactive ? terminal.width : undefined)),
    close: snapshots.close,
  };
}
