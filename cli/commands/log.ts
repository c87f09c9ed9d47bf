import { BanyanError, type LogStats, type VerifyStep } from 'banyan/runtime';
import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { repeated, usageError, wholeNumber } from '../arguments.ts';
import { createBoard } from '../terminal/board.ts';
import { bytes, table } from '../terminal/output.ts';
import { number } from '../terminal/progress-line.ts';
import { traceEvent } from './log-trace.ts';
import { logNamed, logsOfProject, openLog, type NamedLog } from './logs.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from './options.ts';
import { printLines, type LineFilter } from './print-lines.ts';

interface LogOptions extends ConfigOptions {
  readonly json?: boolean;
}

interface CatOptions extends LogOptions {
  readonly from?: number;
  readonly to?: number;
  readonly type?: string;
  readonly where?: readonly string[];
}

/** `banyan log stats | cat | tail | verify | trace` */
export function addLogCommand(program: Command, context: CommandContext): void {
  const log = program.command('log').description('the change logs and the event logs');
  const sub = (name: string): Command => withJson(withConfig(log.command(name)));
  sub('stats')
    .description('how much each log holds')
    .argument('[log]', 'a source (shop) or a version of a translation (shop:orders@1); default: all')
    .action((name: string | undefined, options: LogOptions) => stats(name, options, context));
  const filters = (command: Command): Command =>
    command
      .option('--type <name>', 'only events of that type, or changes of that table')
      .option('--where <name=value>', 'only events or rows with that value; may be given again', repeated);
  filters(sub('cat'))
    .description('print the entries of a log, from one position to another')
    .argument('<log>', 'a source (shop) or a version of a translation (shop:orders@1)')
    .option('--from <position>', 'the first position; default: 1', wholeNumber())
    .option('--to <position>', 'the last position; default: the end', wholeNumber())
    .action((name: string, options: CatOptions) =>
      cat(name, { ...options, from: options.from ?? 1 }, context),
    );
  filters(sub('tail'))
    .description('print the entries of a log as they come')
    .argument('<log>', 'a source (shop) or a version of a translation (shop:orders@1)')
    .option('--from <position>', 'the first position; default: behind the end', wholeNumber())
    .action((name: string, options: CatOptions) => tail(name, options, context));
  sub('verify')
    .description('check every checksum, and that no position is missing')
    .argument('[log]', 'a source (shop) or a version of a translation (shop:orders@1); default: all')
    .action((name: string | undefined, options: LogOptions) => verify(name, options, context));
  sub('trace')
    .description('the way of one event, from commit to view, with its times')
    .argument('<event>', 'the id of the event: shop:orders@1:12:0')
    .action((id: string, options: LogOptions) => traceEvent(id, options, context));
}

async function stats(name: string | undefined, options: LogOptions, context: CommandContext): Promise<void> {
  const loaded = await configOf(options, context);
  const named = name === undefined ? await logsOfProject(loaded) : [await logNamed(name, loaded)];
  const found = await Promise.all(named.map(statsOf));
  if (options.json === true) {
    context.terminal.out(`${JSON.stringify(found)}\n`);
    return;
  }
  const rows = found.map((one) => [
    one.log,
    one.first ?? 0,
    one.last ?? 0,
    one.segments,
    bytes(one.rawBytes),
    bytes(one.storedBytes),
  ]);
  context.terminal.out(table(['log', 'first', 'last', 'segments', 'text', 'stored'], rows));
}

async function statsOf(named: NamedLog): Promise<{ readonly log: string } & LogStats> {
  const log = await openLog(named);
  return log
    .stats()
    .then((stats) => ({ log: named.name, ...stats }))
    .finally(() => log.close());
}

async function cat(
  name: string,
  options: CatOptions & { readonly from: number },
  context: CommandContext,
): Promise<void> {
  const log = await openLog(await logNamed(name, await configOf(options, context)));
  const range = { from: options.from, ...(options.to === undefined ? {} : { to: options.to }) };
  try {
    await printLines(
      log.read({ ...range, signal: context.signal }),
      filterOf(options),
      options.json === true,
      context.terminal,
    );
  } finally {
    await log.close();
  }
}

async function tail(name: string, options: CatOptions, context: CommandContext): Promise<void> {
  const log = await openLog(await logNamed(name, await configOf(options, context)));
  try {
    const from = options.from ?? ((await log.head())?.position ?? 0) + 1;
    const lines = log.read({ from, follow: true, signal: context.signal });
    await printLines(lines, filterOf(options), options.json === true, context.terminal);
  } finally {
    await log.close();
  }
}

async function verify(name: string | undefined, options: LogOptions, context: CommandContext): Promise<void> {
  const loaded = await configOf(options, context);
  const named = name === undefined ? await logsOfProject(loaded) : [await logNamed(name, loaded)];
  const verified = [];
  for (const one of named) verified.push(await verifyLog(one, options.json === true, context));
  const damaged = verified.filter(({ damages }) => damages.length > 0).map(({ log }) => log);
  if (damaged.length === 0) return;
  throw new BanyanError(
    'LOG_CORRUPT',
    `Damage was found in ${damaged.join(', ')}; it is told above. Put the named files back from a copy; nothing was changed.`,
    { details: { logs: damaged } },
  );
}

interface Verified {
  readonly log: string;
  readonly damages: readonly string[];
}

async function verifyLog(named: NamedLog, json: boolean, context: CommandContext): Promise<Verified> {
  const board = createBoard(context.terminal);
  const log = await openLog(named);
  const shown = board.progress(`verify ${named.name}`, 'segments');
  const damages: string[] = [];
  let summary: Extract<VerifyStep, { kind: 'summary' }> | undefined;
  try {
    for await (const step of log.verify(context.signal)) {
      // A segment is told before it is read.
      if (step.kind === 'segment') shown.update(step.segment - 1, step.segments);
      else if (step.kind === 'damage') damages.push(step.error.message);
      else summary = step;
    }
  } finally {
    shown.stop();
    await log.close();
  }
  if (!summary && damages.length === 0) throw interrupted(named.name);
  const sound = damages.length === 0;
  const figures = summary
    ? ` (entries: ${number(summary.entries)}, segments: ${number(summary.segments)}, text: ${bytes(summary.rawBytes)})`
    : '';
  if (json) board.out(`${JSON.stringify({ log: named.name, sound, ...summary, damages })}\n`);
  else if (sound) board.out(`${named.name}: sound${figures}\n`);
  else board.out(damages.map((text) => `${named.name}: ${text}\n`).join(''));
  return { log: named.name, damages };
}

/** What was not read to its end must not be called sound. */
function interrupted(log: string): BanyanError {
  return new BanyanError(
    'INTERRUPTED',
    `${log} was not checked to its end. Nothing was changed; start again.`,
  );
}

function filterOf({ type, where }: CatOptions): LineFilter {
  const pairs = (where ?? []).map((text): [string, string] => {
    const at = text.indexOf('=');
    if (at < 1) throw usageError(`--where ${text}: expected a name, "=" and a value, as in orderId=17.`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
  return { type, where: pairs };
}
