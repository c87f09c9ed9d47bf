import { isMadeBy, parkedKeys, type ReplayProject } from 'banyan/replay';
import type { Generation } from 'banyan/projections';
import type { Command } from 'commander';
import { replayProjectOf } from '../../config/replay-project.ts';
import type { CommandContext } from '../../context.ts';
import { aheadText, viewsAhead } from '../../replaced-logs.ts';
import { abandoned, nextStepsText, unbuilt, type NextStep } from '../../status/next-step.ts';
import { table } from '../../terminal/output.ts';
import { number } from '../../terminal/progress-line.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from '../options.ts';

interface StatusOptions extends ConfigOptions {
  readonly json?: boolean;
}

/** A generation, as it stands. */
interface GenerationStatus extends Pick<
  Generation,
  'projection' | 'number' | 'state' | 'bundle' | 'createdAt'
> {
  readonly group: string;
  readonly isLive: boolean;
  /** Whether the code as it is now would make it. */
  readonly isCode: boolean;
  readonly documents: number;
  /** Keys that wait at an event that cannot be applied. */
  readonly parked: number;
  /** Of one that nobody goes on building. */
  readonly todo?: NextStep;
}

/** `banyan replay status` */
export function addReplayStatusCommand(replay: Command, context: CommandContext): void {
  withJson(withConfig(replay.command('status')))
    .description('the generations of every view: which is live, which are being built, ready or failed')
    .action((options: StatusOptions) => status(options, context));
}

async function status(options: StatusOptions, context: CommandContext): Promise<void> {
  const loaded = await configOf(options, context);
  const project = await replayProjectOf(loaded);
  try {
    const all = await generationStatuses(project);
    if (options.json === true) context.terminal.out(`${JSON.stringify(all)}\n`);
    else {
      const built = table(
        ['group', 'view', 'generation', 'state', 'documents', 'parked', 'bundle', 'code', 'created'],
        all.map(rowOf),
      );
      const todo = [
        ...all.flatMap((one) => one.todo ?? []),
        ...neverBuilt(project, all).map((name) => unbuilt(name, loaded.config.delivery === undefined)),
      ];
      const parts = [built, nextStepsText(todo), aheadText(await viewsAhead(project))];
      context.terminal.out(parts.filter((part) => part !== '').join('\n'));
    }
  } finally {
    await project.store.close();
  }
}

function neverBuilt({ groups }: ReplayProject, all: readonly GenerationStatus[]): readonly string[] {
  const names = groups.flatMap(({ projections }) => projections.map(({ projection }) => projection.name));
  return names.filter((name) => !all.some(({ projection }) => projection === name));
}

async function generationStatuses({
  directory,
  groups,
  store,
}: ReplayProject): Promise<readonly GenerationStatus[]> {
  const found: GenerationStatus[] = [];
  for (const { name: group, projections } of groups) {
    const pointer = await store.pointer(group);
    for (const code of projections) {
      const { name } = code.projection;
      for (const generation of await store.generations(name)) {
        const { projection, number: at, state, bundle, createdAt } = generation;
        const todo = await abandoned(generation, directory);
        found.push({
          group,
          projection,
          number: at,
          state,
          bundle,
          createdAt,
          isLive: pointer?.live[name] === at,
          isCode: isMadeBy(generation, code),
          documents: await store.count(generation),
          parked: (await parkedKeys(store, generation)).count,
          ...(todo && { todo }),
        });
      }
    }
  }
  return found;
}

function rowOf({
  group,
  projection,
  number: at,
  state,
  documents,
  parked,
  bundle,
  isLive,
  isCode,
  createdAt,
}: GenerationStatus): string[] {
  const told = state.kind === 'failed' ? `failed: ${state.why}` : state.kind;
  return [
    group,
    projection,
    String(at),
    isLive ? 'live' : told,
    number(documents),
    number(parked),
    bundle.slice(0, 12),
    isCode ? 'as the code' : 'older',
    createdAt.slice(0, 19).replace('T', ' '),
  ];
}
