import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { projectStatus } from '../status/project-status.ts';
import { statusText } from '../status/status-text.ts';
import { configOf, withConfig, withJson, type ConfigOptions } from './options.ts';

/** `banyan status` */
export function addStatusCommand(program: Command, context: CommandContext): void {
  withJson(withConfig(program.command('status')))
    .description(
      'positions, lag and documents of everything in the configuration, and what waits for somebody',
    )
    .action(async (options: ConfigOptions & { readonly json?: boolean }) => {
      const status = await projectStatus(await configOf(options, context));
      context.terminal.out(options.json === true ? `${JSON.stringify(status)}\n` : statusText(status));
    });
}
