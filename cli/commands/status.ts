import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { bytes, table } from '../terminal/output.ts';
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
  const seconds = (value: number | undefined): string =>
    value === undefined ? '-' : `${value.toFixed(1)} s`;
  return [
    table(
      ['source', 'position', 'last commit', 'behind', 'retained WAL', 'note'],
      sources.map((one) => [
        one.name,
        one.position,
        one.logTime ?? '-',
        one.lagBytes === undefined ? '-' : bytes(one.lagBytes),
        one.retainedBytes === undefined ? '-' : bytes(one.retainedBytes),
        one.problem ?? '',
      ]),
    ),
    table(
      ['translation', 'position', 'behind', ''],
      translations.map((one) => [one.name, one.position, one.positionsBehind, seconds(one.secondsBehind)]),
    ),
    table(
      ['view', 'generation', 'documents', 'behind', ''],
      views.map((one) => [
        one.projection,
        one.generation === undefined ? 'none yet' : String(one.generation),
        one.documents,
        one.positionsBehind,
        seconds(one.secondsBehind),
      ]),
    ),
  ].join('\n');
}
