import {
  appendHistory,
  compareGenerations,
  directoryHeads,
  generationsOf,
  writeComparison,
  type Comparison,
  type ReplayProject,
} from 'banyan/replay';
import { isBeingBuilt, type Generation } from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';
import type { Command } from 'commander';
import { wholeNumber } from '../../arguments.ts';
import { replayProjectOf } from '../../config/replay-project.ts';
import type { CommandContext } from '../../context.ts';
import { createBoard } from '../../terminal/board.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from '../options.ts';
import { comparisonText } from './comparison-text.ts';
import { readExpectation } from './expectation.ts';
import { groupOf } from './groups.ts';

interface DiffOptions extends ConfigOptions {
  readonly json?: boolean;
  readonly expect?: string;
  readonly generation?: number;
}

/** `banyan replay diff` */
export function addDiffCommand(replay: Command, context: CommandContext): void {
  withJson(withConfig(replay.command('diff')))
    .description(
      'what the new generation changes, document by document; exit code 1 when a difference is unexplained',
    )
    .argument('<projection>')
    .option(
      '--expect <what>',
      'what the fix should change: fields (total,lines[].unitPrice; + added documents, - removed ones), or a file with a predicate',
    )
    .option('--generation <number>', 'default: the newest that is ready', wholeNumber())
    .action((name: string, options: DiffOptions) => diff(name, options, context));
}

async function diff(name: string, options: DiffOptions, context: CommandContext): Promise<void> {
  const expect =
    options.expect === undefined ? undefined : await readExpectation(options.expect, context.cwd);
  const project = await replayProjectOf(await configOf(options, context));
  const board = createBoard(context.terminal);
  try {
    const group = groupOf(project, [name]).name;
    const { live, next } = await chosen(project, group, name, options.generation);
    const bar = board.progress(`compare ${name}: ${live.number} and ${next.number}`, 'documents', true);
    const total = await project.store.count(live);
    const comparison = await compareGenerations({
      store: project.store,
      projection: name,
      live: live.number,
      next: next.number,
      heads: directoryHeads(project.directory),
      signal: context.signal,
      onProgress: ({ keys }) => bar.update(keys, Math.max(keys, total)),
      ...(expect && { expect }),
    }).finally(() => bar.stop());
    await writeComparison(project.directory, comparison);
    await appendHistory(project.directory, entryOf(group, comparison));
    board.out(options.json === true ? `${JSON.stringify(comparison)}\n` : comparisonText(comparison));
    if (comparison.unexplained.count > 0) throw unexplained(comparison);
  } finally {
    await project.store.close();
  }
}

/** @throws BanyanError REPLAY_NOT_READY */
async function chosen(
  { store }: ReplayProject,
  group: string,
  projection: string,
  wanted: number | undefined,
): Promise<{ readonly live: Generation; readonly next: Generation }> {
  const found = await generationsOf(store, group, projection);
  const next = found?.kept.findLast(({ number, state }) =>
    wanted === undefined
      ? number !== found.live.number && state.kind === 'ready'
      : number === wanted && !isBeingBuilt({ state }),
  );
  if (found && next) return { live: found.live, next };
  throw new BanyanError(
    'REPLAY_NOT_READY',
    wanted === undefined
      ? `View ${projection} has no generation beside the live one that is ready. Build one: banyan replay start ${projection}`
      : `View ${projection} has no generation ${wanted} that is built. See banyan replay status.`,
    { details: { projection } },
  );
}

function entryOf(
  group: string,
  { projection, live, next, nextBundle, documents, unexplained: { count }, expectation, parked }: Comparison,
): Parameters<typeof appendHistory>[1] {
  return {
    action: 'diff',
    group,
    projections: [{ name: projection, from: live, to: next, bundle: nextBundle }],
    figures: {
      ...{ ...documents, unexplained: count, expectation },
      ...(parked.live > 0 && { freed: parked.freed }),
      ...(parked.next > 0 && { parked: parked.next }),
    },
  };
}

function unexplained({ projection, unexplained: { count } }: Comparison): BanyanError {
  return new BanyanError(
    'REPLAY_UNEXPLAINED',
    `${count} differences of view ${projection} are not what was declared. Declare them with --expect, mend the code, or promote with --force --why "the reason".`,
    { details: { projection, count } },
  );
}
