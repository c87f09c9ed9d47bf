import type { SnapshotProgress } from 'banyan/cdc';
import type { HostileFigures } from 'banyan/events';
import { createLogger } from 'banyan/runtime';
import type { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import type { CommandContext } from '../context.ts';
import { randomSeed } from '../dev/chaos/hostility.ts';
import { startHost, type Host } from '../dev/host.ts';
import { unorderedText } from '../status/status-text.ts';
import { createBoard } from '../terminal/board.ts';
import { readableLogLine } from '../terminal/log-lines.ts';
import type { Terminal } from '../terminal/output.ts';
import { number } from '../terminal/progress-line.ts';
import { shownSnapshots } from '../terminal/shown-snapshots.ts';
import { outOfDateText, warnOfCode } from './out-of-date-text.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from './options.ts';

interface DevOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly logLevel: string;
  /** True: with a seed that is made up. */
  readonly chaos?: number | true;
}

/** `banyan dev` */
export function addDevCommand(program: Command, context: CommandContext): void {
  withJson(withConfig(program.command('dev')))
    .description('run capture, translators, projectors and gateways in one process, until Ctrl-C')
    .option('--log-level <level>', 'debug, info, warn or error', 'warn')
    .option(
      '--chaos [seed]',
      'feed the views by a bus that repeats, reorders, delays and loses events, as the seed says',
      wholeNumber(0),
    )
    .action((options: DevOptions) => dev(options, context));
}

async function dev(options: DevOptions, context: CommandContext): Promise<void> {
  // So that an error of a translation or a projection tells the place in its own file, and not in the bundle.
  process.setSourceMapsEnabled(true);
  const loaded = await configOf(options, context);
  const teller = options.json === true ? jsonTeller(context.terminal) : textTeller(context.terminal);
  const { log } = teller;
  const chaos = options.chaos === true ? randomSeed() : options.chaos;
  try {
    if (chaos !== undefined) teller.chaos(chaos);
    const logger = createLogger({ level: options.logLevel, ...(log && { write: log }) });
    const host = await startHost({
      loaded,
      logger,
      signal: context.signal,
      ...(chaos !== undefined && { chaos }),
      onSnapshot: teller.snapshot,
      onSnapshotEnd: teller.snapshotEnd,
    });
    try {
      if (!context.signal.aborted) teller.ready(host);
      if (options.json === true) warnOfCode(host.outOfDate, logger);
      await host.ended;
    } finally {
      await host.close();
    }
    if (host.hostility) teller.hostility(host.hostility());
  } finally {
    teller.close();
  }
}

/** Says what happens, to a person or to a program. */
interface Teller {
  readonly snapshot: (source: string, told: SnapshotProgress) => void;
  readonly snapshotEnd: (source: string) => void;
  readonly ready: (host: Host) => void;
  /** The bus is going to be a hostile one, by this seed. */
  readonly chaos: (seed: number) => void;
  /** What the hostile bus has done. */
  readonly hostility: (figures: HostileFigures) => void;
  /** Takes the lines of the log; absent where they stay as they are. */
  readonly log?: (line: string) => void;
  readonly close: () => void;
}

function jsonTeller({ out }: Terminal): Teller {
  const tell = (message: object): void => out(`${JSON.stringify(message)}\n`);
  return {
    snapshot: (source, told) => tell({ event: 'snapshot', source, ...told }),
    snapshotEnd: (source) => tell({ event: 'snapshot-end', source }),
    chaos: (seed) => tell({ event: 'chaos', seed }),
    hostility: (figures) => tell({ event: 'chaos-end', ...figures }),
    ready: ({ gateways, outOfDate, feeding }) => {
      for (const { kind, name, why, next } of outOfDate)
        tell({ event: 'out-of-date', kind, name, why, next });
      tell({
        event: 'ready',
        pid: process.pid,
        feeding,
        gateways: gateways.map(({ group, url }) => ({ group, url })),
      });
    },
    close: () => undefined,
  };
}

function textTeller(terminal: Terminal): Teller {
  const board = createBoard(terminal);
  const snapshots = shownSnapshots(board);
  return {
    snapshot: snapshots.progress,
    snapshotEnd: snapshots.end,
    ready: ({ gateways, outOfDate, feeding, hostility }) => {
      const addresses = gateways.map(({ group, url }) => `  ${group.padEnd(20)} ${url}\n`).join('');
      board.out(`banyan runs; Ctrl-C ends it.\n${addresses === '' ? '' : `\nGateways:\n${addresses}`}\n`);
      if (feeding === 'unordered' && !hostility) board.out(`${unorderedText}\n`);
      if (outOfDate.length > 0) board.out(`${outOfDateText(outOfDate)}\n`);
    },
    chaos: (seed) =>
      board.out(
        `The bus is hostile: it repeats, reorders, delays and loses events. Again: --chaos ${seed}\n`,
      ),
    hostility: (figures) => board.out(hostilityText(figures)),
    log: (line) => board.err(readableLogLine(line, terminal.interactive ? terminal.width : undefined)),
    close: snapshots.close,
  };
}

function hostilityText({ delivered, repeated, dropped, refused }: HostileFigures): string {
  const again = `${number(repeated)} of them repeats, ${number(refused)} after a refusal`;
  return `The hostile bus made ${number(delivered)} deliveries of events (${again}) and lost ${number(dropped)} events.\n`;
}
