import { isBanyanError, toError } from 'banyan/runtime';
import { CommanderError } from 'commander';
import type { Terminal } from './terminal/output.ts';

/** Exit codes of every command. */
export const exitCode = { done: 0, failed: 1, wrongUsage: 2 } as const;

/** A command's arguments do not fit; told with exit code 2. */
export const usageCode = 'USAGE';

/** Tells a failure, as text or as one JSON object, and returns the exit code. */
export function tellFailure(error: unknown, terminal: Terminal, json: boolean): number {
  if (error instanceof CommanderError) {
    // Commander has said it already; help and version are no failures.
    return error.exitCode === 0 ? exitCode.done : exitCode.wrongUsage;
  }
  const known = isBanyanError(error) ? error : undefined;
  const message = toError(error).message;
  if (json) {
    const told = { error: { code: known?.code ?? 'UNEXPECTED', message, details: known?.details ?? {} } };
    terminal.out(`${JSON.stringify(told)}\n`);
  } else {
    terminal.err(`${known ? `error ${known.code}: ` : 'error: '}${message}\n`);
    if (!known && error instanceof Error && error.stack !== undefined) terminal.err(`${error.stack}\n`);
  }
  return known?.code === usageCode ? exitCode.wrongUsage : exitCode.failed;
}
