import { readFileSync } from 'node:fs';
import { BanyanError } from 'banyan/runtime';
import { Command } from 'commander';
import { addDevCommand } from './commands/dev.ts';
import { addLogCommand } from './commands/log.ts';
import { addParkedCommand } from './commands/parked/parked.ts';
import { addReplayCommand } from './commands/replay/replay.ts';
import { addRunCommand } from './commands/run.ts';
import { addStatusCommand } from './commands/status.ts';
import { addTablesCommand } from './commands/tables.ts';
import { addVerifyCommand } from './commands/verify.ts';
import { exitCode, tellFailure } from './failure.ts';
import type { CommandContext } from './context.ts';

/**
 * Runs the `banyan` command.
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage
 */
export async function runCommand(args: readonly string[], context: CommandContext): Promise<number> {
  const program = createProgram(context);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode.done;
  } catch (error) {
    return tellFailure(error, context.terminal, args.includes('--json'));
  }
}

function createProgram(context: CommandContext): Command {
  const { terminal } = context;
  const program = new Command('banyan')
    .description('Grows serverless read models around a legacy SQL application.')
    .version(packageVersion())
    .showHelpAfterError('(--help tells what is possible)')
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: true })
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 wrong usage.\n');
  addDevCommand(program, context);
  addRunCommand(program, context);
  addStatusCommand(program, context);
  addLogCommand(program, context);
  addReplayCommand(program, context);
  addParkedCommand(program, context);
  addTablesCommand(program, context);
  addVerifyCommand(program, context);
  forEachCommand(program, (command) => {
    command.exitOverride().configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  });
  return program;
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}

function packageVersion(): string {
  // From the source and from dist alike, the package's own file is the nearest above.
  for (const up of ['../package.json', '../../package.json']) {
    try {
      const text = readFileSync(new URL(up, import.meta.url), 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    } catch {
      // The other place.
    }
  }
  throw new BanyanError('PACKAGE_BROKEN', 'The package has no package.json. Install banyan again.');
}
