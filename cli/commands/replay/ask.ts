import { createInterface } from 'node:readline/promises';
import { usageError } from '../../arguments.ts';
import type { CommandContext } from '../../context.ts';

/**
 * Asks before what cannot be undone: on a terminal by a question; elsewhere `--yes` must be given.
 * @returns whether to go on
 * @throws BanyanError USAGE where nobody can be asked and `--yes` was not given
 */
export async function confirmed(
  question: string,
  { yes, json }: { readonly yes?: boolean; readonly json?: boolean },
  { terminal, signal }: CommandContext,
): Promise<boolean> {
  if (yes === true) return true;
  if (!terminal.interactive || json === true || !process.stdin.isTTY) {
    throw usageError(`${question} This cannot be undone, and nobody can be asked here: give --yes to do it.`);
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asking.question(`${question} This cannot be undone. [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asking.close();
  }
}
