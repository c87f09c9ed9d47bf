import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { bytes, table } from '../terminal/output.ts';
import { duration } from '../terminal/progress-line.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from './options.ts';
import { projectStatus, type ProjectStatus } from '../status/project-status.ts';

/** `banyan status` */
export function addStatusCommand(program: Command, context: CommandContext): void {
  withJson(withConfig(program.command('status')))
    .description('positions, lag and documents of everything in the configuration')
    .action(async (options: ConfigOptions & { readonly json?: boolean }) => {
      const status = await projectStatus(await configOf(options, context));
      context.terminal.out(options.json === true ? `${JSON.stringify(status)}\n` : asText(status));
    });
}

function asText({ sources, translations, views }: ProjectStatus): string {
  const problems = sources.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [`${name}: ${problem}\n`],
  );
  const size = (value: number | undefined): string => (value === undefined ? 'unknown' : bytes(value));
  const time = (value: number | undefined): string =>
    value === undefined ? 'unknown' : duration(value * 1000);
  return [
    table(
      ['source', 'position', 'last commit', 'WAL behind', 'WAL kept for us'],
      sources.map((one) => [
        one.name,
        one.position,
        one.logTime ?? 'none',
        size(one.lagBytes),
        size(one.retainedBytes),
      ]),
    ) + problems.join(''),
    table(
      ['translation', 'position', 'positions behind', 'time behind'],
      translations.map((one) => [one.name, one.position, one.positionsBehind, time(one.secondsBehind)]),
    ),
    table(
      ['view', 'generation', 'state', 'bundle', 'code', 'documents', 'positions behind', 'time behind'],
      views.map((one) => [
        one.projection,
        one.generation === undefined ? 'none yet' : String(one.generation),
        one.state ?? '',
        one.bundle?.slice(0, 8) ?? '',
        one.isCode === undefined ? '' : one.isCode ? 'this' : 'other',
        one.documents,
        one.positionsBehind,
        time(one.secondsBehind),
      ]),
    ),
  ].join('\n');
}
