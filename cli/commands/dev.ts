import type { SnapshotProgress } from 'banyan/cdc';
import { createLogger } from 'banyan/runtime';
import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { startHost, type Host } from '../dev/host.ts';
import type { Terminal } from '../terminal/output.ts';
import { progress, type Progress } from '../terminal/progress.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from './options.ts';

interface DevOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly logLevel: string;
}

/** `banyan dev` */
export function addDevCommand(program: Command, context: CommandContext): void {
  withJson(withConfig(program.command('dev')))
    .description('run capture, translators, projectors and gateways in one process, until Ctrl-C')
    .option('--log-level <level>', 'debug, info, warn or error', 'warn')
    .action((options: DevOptions) => dev(options, context));
}

async function dev(options: DevOptions, context: CommandContext): Promise<void> {
  const loaded = await configOf(options, context);
  const teller = options.json === true ? jsonTeller(context.terminal) : textTeller(context.terminal);
  const host = await startHost({
    loaded,
    logger: createLogger({ level: options.logLevel }),
    signal: context.signal,
    onSnapshot: teller.snapshot,
  });
  try {
    if (!context.signal.aborted) teller.ready(host);
    await host.ended;
  } finally {
    await host.close();
  }
}

/** Says what happens, to a person or to a program. */
interface Teller {
  readonly snapshot: (source: string, told: SnapshotProgress) => void;
  readonly ready: (host: Host) => void;
}

function jsonTeller({ out }: Terminal): Teller {
  const tell = (message: object): void => out(`${JSON.stringify(message)}\n`);
  return {
    snapshot: (source, told) => tell({ event: 'snapshot', source, ...told }),
    ready: ({ gateways }) => {
      tell({
        event: 'ready',
        pid: process.pid,
        gateways: gateways.map(({ group, url }) => ({ group, url })),
      });
    },
  };
}

function textTeller(terminal: Terminal): Teller {
  const bars = new Map<string, Progress>();
  return {
    snapshot: (source, { rows, estimatedRows }) => {
      const bar = bars.get(source) ?? progress(terminal, `snapshot of ${source}`, 'rows');
      bars.set(source, bar);
      bar.update(rows, estimatedRows);
    },
    ready: ({ gateways }) => {
      for (const bar of bars.values()) bar.stop();
      const addresses = gateways.map(({ group, url }) => `  ${group.padEnd(20)} ${url}\n`).join('');
      terminal.out(`banyan runs; Ctrl-C ends it.\n${addresses === '' ? '' : `\nGateways:\n${addresses}`}`);
    },
  };
}
