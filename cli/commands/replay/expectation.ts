import { resolve } from 'node:path';
import type { Expectation } from 'banyan/replay';
import { usageError } from '../../arguments.ts';
import { predicateIn } from './predicate-file.ts';

type Predicate = Extract<Expectation, { kind: 'predicate' }>['explains'];

/**
 * Reads `--expect`: names of fields (`total,lines[].unitPrice`, and `+` for added, `-` for removed documents), or a
 * file that exports a predicate `({ key, before, after }) => boolean` as its default.
 * @throws BanyanError USAGE
 */
export async function readExpectation(text: string, cwd: string): Promise<Expectation> {
  if (!/\.[cm]?[jt]s$/.test(text)) {
    const parts = text.split(',').map((part) => part.trim());
    if (parts.includes(''))
      throw usageError(`--expect ${text}: a name is empty. Expected fields, as total,lines[].unitPrice.`);
    return {
      kind: 'fields',
      fields: parts.filter((part) => part !== '+' && part !== '-'),
      added: parts.includes('+'),
      removed: parts.includes('-'),
    };
  }
  const explains = await predicateIn('--expect', resolve(cwd, text), '({ key, before, after }) => boolean');
  return { kind: 'predicate', explains: explains as Predicate, text: `the predicate of ${text}` };
}
