import {
  planStart,
  startReplay,
  type ParkedKeys,
  type Rebuilt,
  type RebuildProgress,
  type StartPlan,
  type Subscription,
} from 'banyan/replay';
import type { Generation } from 'banyan/projections';
import { createLogger, type Logger } from 'banyan/runtime';
import { Option, type Command } from 'commander';
import { byteCount, repeated, wholeNumber } from '../../arguments.ts';
import { replayProjectOf } from '../../config/replay-project.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import type { CommandContext } from '../../context.ts';
import { createBoard, type Board, type Progress } from '../../terminal/board.ts';
import { bytes } from '../../terminal/output.ts';
import { duration, number } from '../../terminal/progress-line.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from '../options.ts';
import { narrowOf, type NarrowOptions } from './narrow.ts';
import { keysAre, parkedLines } from './parked-text.ts';
import { askDev, refreshDev } from '../../dev/control.ts';

interface StartCommandOptions extends ConfigOptions, NarrowOptions {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly memory?: number;
  readonly workers?: number;
  readonly writeRate?: number;
  /** An older name of it. */
  readonly rate?: number;
  readonly subscriptionTimeout: number;
  readonly why?: string;
  readonly takeOver?: boolean;
}

/** `banyan replay start` */
export function addStartCommand(replay: Command, context: CommandContext): void {
  withJson(withConfig(replay.command('start')))
    .description(
      'build a new generation of each view beside the live one, or the first one; killed, the same command goes on',
    )
    .argument('<projections...>')
    .option('--keys <key>', 'only this key is affected; may be given again; all others are copied', repeated)
    .option('--keys-file <file>', 'only the keys of this file are affected, one a line')
    .option('--where <what>', 'only documents with field=value, or of a predicate in a file, are affected')
    .option('--since <time>', 'only keys of events since then are affected (ISO 8601)')
    .option('--sample <keys>', 'how many other keys are checked to be unaffected', wholeNumber(), 1000)
    .option('--memory <bytes>', 'of the fold, as 400M or 2G; default: 1G', byteCount)
    .option('--workers <threads>', 'default: one a core', wholeNumber())
    .option(
      '--write-rate <documents>',
      'documents written a second at most; where the store throttles, it is found by itself',
      wholeNumber(),
    )
    .addOption(new Option('--rate <documents>').argParser(wholeNumber()).hideHelp())
    .option(
      '--subscription-timeout <seconds>',
      'how long a probe through the subscription is waited for, where a bus feeds the functions; 0: not at all',
      wholeNumber(0),
      900,
    )
    .option('--why <reason>', 'for the history')
    .option('--take-over', 'although another host holds the lock: it is known not to run any more')
    .option('--dry-run', 'say what would be done, and do nothing')
    .action((names: string[], options: StartCommandOptions) => start(names, options, context));
}

async function start(
  names: readonly string[],
  options: StartCommandOptions,
  context: CommandContext,
): Promise<void> {
  const narrow = await narrowOf(options, context.cwd);
  const loaded = await configOf(options, context);
  const project = await replayProjectOf(loaded);
  const rate = options.writeRate ?? options.rate;
  const board = createBoard(context.terminal);
  const teller = startTeller(board, options.json === true);
  const logger = createLogger({ level: 'warn' });
  try {
    const plan = await planStart(project, names);
    if (options.dryRun === true || options.json !== true)
      board.out(options.json === true ? `${JSON.stringify(planned(plan))}\n` : planText(plan));
    if (options.dryRun === true) return;
    await startReplay(plan, {
      project,
      logger,
      signal: context.signal,
      building: {
        openStore: { module: loaded.compiled, export: 'default' },
        ...(narrow && { narrow }),
        ...(await subscriptionOf(loaded, {
          logger,
          seconds: options.subscriptionTimeout,
          onWaiting: (name) => teller.subscribing(name),
        })),
        ...(options.memory !== undefined && { memoryBytes: options.memory }),
        ...(options.workers !== undefined && { workers: options.workers }),
        ...(rate !== undefined && { rate }),
        ...(options.takeOver === true && { takeOver: true }),
      },
      ...(options.why !== undefined && { why: options.why }),
      onTranslating: ({ log, position, positions }) =>
        teller.bar(`translate ${log}`, 'positions').update(position, positions),
      onTranslated: async (log) => {
        teller.translated(log);
        await refreshDev(project.directory);
      },
      onFolding: (name, progress) => teller.folding(name, progress),
      onFolded: async (name, rebuilt) => {
        teller.folded(name, rebuilt);
        await refreshDev(project.directory);
      },
      onLive: async (name, generation) => {
        teller.live(name, generation);
        await refreshDev(project.directory);
      },
    });
    teller.end(plan);
  } finally {
    teller.close();
    await project.store.close();
  }
}

/** What feeds the generation, where that is not `banyan dev`. */
async function subscriptionOf(
  { config: { delivery }, directory }: LoadedConfig,
  {
    logger,
    seconds,
    onWaiting,
  }: Pick<Subscription, 'onWaiting'> & { readonly logger: Logger; readonly seconds: number },
): Promise<{ readonly subscription?: Subscription }> {
  if (!delivery || seconds === 0 || (await askDev(directory, '/feeds')) === true) return {};
  return {
    subscription: {
      probe: (probe, signal) => delivery.probe(probe, { logger, signal }),
      patienceMs: seconds * 1000,
      ...(onWaiting && { onWaiting }),
    },
  };
}

/** A plan as JSON. */
function planned({ translations, views, added, done }: StartPlan): object {
  return { translations, views: views.map(({ code }) => code.projection.name), added, done };
}

function planText({ translations, views, added, done }: StartPlan): string {
  const lines = translations.flatMap(({ log, group, positions, bytes: size, subscribers }) => [
    `translate ${log}: ${number(positions)} positions of the change log, ${bytes(size)}`,
    ...subscribers
      .filter((one) => one.group !== group)
      .map(
        ({ projection, group: other, owner }) =>
          `  ${projection} of group ${other} stays on the old version until its owner rebuilds it (${owner.team}, ${owner.contact})`,
      ),
  ]);
  lines.push(`build ${views.map(({ code }) => code.projection.name).join(', ')}`);
  if (added.length > 0) lines.push(`  ${added.join(', ')}: not named, but fed by what is translated anew`);
  if (done.length > 0) lines.push(`  ${done.join(', ')}: what the code makes already, left as it is`);
  return `${lines.join('\n')}\n`;
}

/** What a new generation could not apply either. */
function parkedText(parked: ParkedKeys): string {
  if (parked.count === 0) return '';
  return `  ${keysAre(parked.count)} parked, each at an event that cannot be applied:\n${parkedLines(parked)
    .map((line) => `  ${line}\n`)
    .join('')}`;
}

/** Says what happens, to a person or to a program. */
function startTeller(board: Board, json: boolean) {
  const bars = new Map<string, Progress>();
  const tell = (message: object, text: string): void =>
    board.out(json ? `${JSON.stringify(message)}\n` : text);
  const stop = (title: string): void => {
    bars.get(title)?.stop();
    bars.delete(title);
  };
  const bar = (title: string, unit: string): Progress => {
    const shown = bars.get(title) ?? board.progress(title, unit, true);
    bars.set(title, shown);
    return shown;
  };
  return {
    bar,
    folding: (name: string, { step, events, eventsTotal }: RebuildProgress) => {
      // Nothing grows then; that it waits was told.
      if (step === 'subscribing') return;
      bar(
        `build ${name}${step === 'folding' ? '' : ` (${step})`}`,
        step === 'copying' ? 'documents' : 'events',
      ).update(events, eventsTotal);
    },
    subscribing: (subscription: string) => {
      for (const title of [...bars.keys()]) stop(title);
      tell(
        { event: 'subscribing', subscription },
        `${subscription} is folded. Its rule, queue and function have to be deployed now: a probe through them is waited for.\n`,
      );
    },
    translated: ({ log, events, seconds }: { log: string; events: number; seconds: number }) => {
      stop(`translate ${log}`);
      tell(
        { event: 'translated', log, events, seconds },
        `${log} is translated: ${number(events)} events in ${duration(seconds * 1000)}\n`,
      );
    },
    folded: (name: string, { generation, figures }: Rebuilt) => {
      for (const title of [...bars.keys()]) stop(title);
      const { events, documents, seconds, peakMemoryBytes, narrow, parked } = figures;
      const part = narrow
        ? ` ${number(narrow.affected)} keys built anew, ${number(narrow.copied)} copied, ${number(narrow.sampled)} of those checked;`
        : '';
      tell(
        {
          event: 'built',
          projection: name,
          generation: generation.number,
          bundle: generation.bundle,
          ...figures,
        },
        `${name}: generation ${generation.number} is ready;${part} ${number(events)} events, ${number(documents)} documents, ${duration(seconds * 1000)}, ${bytes(peakMemoryBytes)} of memory at most\n${parkedText(parked)}`,
      );
    },
    live: (projection: string, { number: generation }: Generation) =>
      tell(
        { event: 'live', projection, generation },
        `${projection}: generation ${generation} is live; there was none before\n`,
      ),
    end: ({ views }: StartPlan) => {
      const next = views.filter(({ isFirst }) => !isFirst);
      if (!json)
        board.out(next.map(({ code }) => `Next: banyan replay diff ${code.projection.name}\n`).join(''));
    },
    close: () => {
      for (const title of [...bars.keys()]) stop(title);
    },
  };
}
