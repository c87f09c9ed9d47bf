import { Option, type Command } from 'commander';
import { loadConfig, type LoadedConfig } from '../config/load-config.ts';
import type { CommandContext } from '../context.ts';

/** The options of every command that reads the configuration. */
export interface ConfigOptions {
  readonly config?: string;
  readonly typeCheck: boolean;
}

/** Adds `--config` and `--no-type-check`. */
export function withConfig(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration; default: the nearest banyan.config.ts here or above')
    .option('--no-type-check', 'do not check the types of a changed configuration');
}

/** Adds `--json`. */
export function withJson(command: Command): Command {
  return command.addOption(new Option('--json', 'answer as JSON'));
}

/** Loads the configuration that the options name. */
export async function configOf(options: ConfigOptions, context: CommandContext): Promise<LoadedConfig> {
  return loadConfig({
    cwd: context.cwd,
    typeCheck: options.typeCheck,
    warn: (message) => context.terminal.err(`warning: ${message}\n`),
    ...(options.config === undefined ? {} : { file: options.config }),
  });
}
