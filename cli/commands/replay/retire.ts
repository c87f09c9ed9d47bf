import {
  changeTranslation,
  planRetire,
  registeredTranslations,
  retire,
  type ReplayProject,
  type RetireOptions,
} from 'banyan/replay';
import { eventLogName } from 'banyan/events';
import { BanyanError, isBanyanError } from 'banyan/runtime';
import type { Command } from 'commander';
import { usageError } from '../../arguments.ts';
import { replayProjectOf } from '../../config/replay-project.ts';
import type { CommandContext } from '../../context.ts';
import { number } from '../../terminal/progress-line.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from '../options.ts';
import { confirmed } from './ask.ts';
import { allProjections, groupOf } from './groups.ts';
import { refreshDev } from '../../dev/control.ts';

interface RetireCommandOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly why?: string;
}

/** `banyan replay retire` */
export function addRetireCommand(replay: Command, context: CommandContext): void {
  withJson(withConfig(replay.command('retire')))
    .description('drop generations that are not live; nobody can roll back to them any more')
    .argument('<generations...>', 'as VIEW:NUMBER, order-summary:1')
    .option('--why <reason>', 'for the history')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'say what would be done, and do nothing')
    .action((names: string[], options: RetireCommandOptions) => retireAll(names, options, context));
}

async function retireAll(
  names: readonly string[],
  options: RetireCommandOptions,
  context: CommandContext,
): Promise<void> {
  const wanted = names.map(parse);
  const project = await replayProjectOf(await configOf(options, context));
  try {
    for (const one of wanted)
      await retireOne(await optionsFor(project, one, options, context), options, project, context);
    await refreshDev(project.directory);
  } finally {
    await project.store.close();
  }
}

function parse(text: string): { readonly projection: string; readonly generation: number } {
  const [, projection, generation] = /^(.+):([1-9]\d*)$/.exec(text) ?? [];
  if (projection !== undefined) return { projection, generation: Number(generation) };
  throw usageError(
    `${text} names no generation. Expected VIEW:NUMBER, as order-summary:1; banyan replay status lists them.`,
  );
}

async function optionsFor(
  project: ReplayProject,
  one: { readonly projection: string; readonly generation: number },
  { why }: RetireCommandOptions,
  { signal }: CommandContext,
): Promise<RetireOptions> {
  const registered = await registeredTranslations(project.directory);
  return {
    registered: registered.filter(({ state }) => state === 'running').map(({ ref }) => ref),
    ...one,
    store: project.store,
    directory: project.directory,
    group: groupOf(project, [one.projection]).name,
    allProjections: allProjections(project),
    keep: project.groups.flatMap(({ translation }) => (translation ? [translation.ref] : [])),
    signal,
    ...(why !== undefined && { why }),
  };
}

async function retireOne(
  wanted: RetireOptions,
  options: RetireCommandOptions,
  project: ReplayProject,
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const plan = await planRetire(wanted);
  const what = `generation ${plan.generation} of ${plan.projection}${plan.documents === undefined ? '' : ` with ${number(plan.documents)} documents`}`;
  const [refusal] = plan.refusals;
  if (refusal)
    throw new BanyanError(refusal.code, refusal.message, { details: { projection: refusal.projection } });
  if (options.dryRun === true) {
    terminal.out(options.json === true ? `${JSON.stringify(plan)}\n` : `would drop ${what}\n`);
    return;
  }
  if (!(await confirmed(`Drop ${what}?`, options, context))) {
    terminal.out('Nothing was done.\n');
    return;
  }
  const done = await retire(wanted);
  for (const ref of done.translationsNoLongerNeeded) await retireTranslation(project.directory, ref);
  const logs = done.translationsNoLongerNeeded.map(eventLogName);
  const stops = logs.length === 0 ? '' : `; ${logs.join(', ')} is translated no more`;
  terminal.out(options.json === true ? `${JSON.stringify(done)}\n` : `dropped ${what}${stops}\n`);
}

async function retireTranslation(
  directory: string,
  ref: Parameters<typeof changeTranslation>[1],
): Promise<void> {
  try {
    await changeTranslation(directory, ref, 'running', 'retired');
  } catch (error) {
    // Retired already, by a command that was killed behind it.
    if (!isBanyanError(error, 'TRANSLATION_CONFLICT')) throw error;
  }
}
