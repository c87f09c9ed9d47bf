import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { toError } from 'banyan/runtime';
import { usageError } from '../../arguments.ts';

/**
 * The function that a file exports as its default.
 * @throws BanyanError USAGE naming the option, the file and what was expected
 */
export async function predicateIn(
  option: string,
  file: string,
  expected: string,
): Promise<(...given: never[]) => boolean> {
  if (!existsSync(file)) throw usageError(`${option}: there is no file ${file}.`);
  let made: { readonly default?: unknown };
  try {
    made = (await import(pathToFileURL(file).href)) as typeof made;
  } catch (error) {
    throw usageError(`${option}: ${file} cannot be loaded: ${toError(error).message}`);
  }
  if (typeof made.default === 'function') return made.default as (...given: never[]) => boolean;
  throw usageError(`${option}: ${file} exports no function as its default. Expected ${expected}.`);
}
