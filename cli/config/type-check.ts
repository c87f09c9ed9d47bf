import { execFile } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What came of checking types. */
export type TypeCheck =
  /** The errors as `file:line:column: message`. */
  | { readonly kind: 'checked'; readonly errors: readonly string[] }
  /** The TypeScript that is installed has no compiler API. */
  | { readonly kind: 'unusable'; readonly version: string }
  /** None is installed. */
  | { readonly kind: 'none' };

/** Checks a config file and all that it imports, with the TypeScript that is installed beside it. */
export async function checkTypes(file: string): Promise<TypeCheck> {
  // Beside this module, as source and as built.
  const script = new URL(`./type-check-process${extname(import.meta.url)}`, import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(script), file], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return JSON.parse(stdout) as TypeCheck;
}
