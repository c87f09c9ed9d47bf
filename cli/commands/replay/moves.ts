import {
  planPromotion,
  planRollback,
  promote,
  rollback,
  type MovePlan,
  type MoveResult,
  type PromoteOptions,
} from 'banyan/replay';
import { BanyanError } from 'banyan/runtime';
import type { Command } from 'commander';
import { usageError } from '../../arguments.ts';
import { replayProjectOf } from '../../config/replay-project.ts';
import type { CommandContext } from '../../context.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from '../options.ts';
import { groupOf } from './groups.ts';
import { refreshDev } from '../../dev/control.ts';

interface MoveOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly why?: string;
  readonly force?: boolean;
  readonly timeout: number;
}

/** `banyan replay promote` and `banyan replay rollback` */
export function addMoveCommands(replay: Command, context: CommandContext): void {
  const both = (name: string): Command =>
    withJson(withConfig(replay.command(name)))
      .argument('<projections...>', 'of one group; they move together, in one step')
      .option('--why <reason>', 'for the history')
      .option('--timeout <seconds>', 'how long to wait for a generation that is behind', Number, 30)
      .option('--dry-run', 'say what would be done, and do nothing');
  both('promote')
    .description('make the newest built generation live, in one step; the former stays fed for a roll back')
    .option(
      '--force',
      'without a comparison, with differences that nobody declared, or with keys parked that were not; needs --why',
    )
    .action((names: string[], options: MoveOptions) => move('promote', names, options, context));
  both('rollback')
    .description('make the generation live that was live before, in one step')
    .action((names: string[], options: MoveOptions) => move('rollback', names, options, context));
}

async function move(
  action: MoveResult['action'],
  names: readonly string[],
  options: MoveOptions,
  context: CommandContext,
): Promise<void> {
  if (options.force === true && options.why === undefined)
    throw usageError('--force needs --why "the reason": it is kept in the history.');
  const project = await replayProjectOf(await configOf(options, context));
  try {
    const wanted: PromoteOptions = {
      store: project.store,
      directory: project.directory,
      group: groupOf(project, names).name,
      projections: names,
      timeoutMs: options.timeout * 1000,
      signal: context.signal,
      ...(options.why !== undefined && { why: options.why }),
      ...(options.force === true && { force: true }),
    };
    if (options.dryRun === true) {
      const plan = await (action === 'promote' ? planPromotion : planRollback)(wanted);
      tellPlan(action, plan, options, context);
      return;
    }
    const done = await (action === 'promote' ? promote : rollback)(wanted);
    await refreshDev(project.directory);
    context.terminal.out(options.json === true ? `${JSON.stringify(done)}\n` : doneText(done));
  } finally {
    await project.store.close();
  }
}

function tellPlan(
  action: MoveResult['action'],
  plan: MovePlan,
  { json }: MoveOptions,
  { terminal }: CommandContext,
): void {
  if (json === true) terminal.out(`${JSON.stringify(plan)}\n`);
  else
    terminal.out(
      plan.moves.map(({ name, from, to }) => `would ${action} ${name}: ${from} -> ${to}\n`).join(''),
    );
  if (plan.refusals.length === 0) return;
  throw new BanyanError(
    'REPLAY_REFUSED',
    `It would be refused:\n${plan.refusals.map(({ message }) => `  ${message}`).join('\n')}`,
    { details: { refusals: plan.refusals.map(({ code, projection }) => ({ code, projection })) } },
  );
}

function doneText({ action, moves, pointer, completed }: MoveResult): string {
  const lines = moves.map(
    ({ name, from, to }) => `${name}: generation ${to} is live, in the place of ${from}\n`,
  );
  const names = moves.map(({ name }) => name).join(' ');
  const next =
    action === 'promote'
      ? `To go back: banyan replay rollback ${names}\nWhen all is well: banyan replay retire ${moves.map(({ name, from }) => `${name}:${from}`).join(' ')}\n`
      : `To go forth again: banyan replay promote ${names}\n`;
  const told = completed ? 'A command that was killed had begun this; it is complete now.\n' : '';
  return `${lines.join('')}${told}Epoch ${pointer.epoch}.\n${next}`;
}
