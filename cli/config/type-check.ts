import { execFile } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * The type errors of a config file and of all that it imports, as `file:line:column: message`; none where no
 * TypeScript is installed that can be asked.
 */
export async function typeErrorsOf(file: string): Promise<readonly string[]> {
  // Beside this module, as source and as built.
  const script = new URL(`./type-check-process${extname(import.meta.url)}`, import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(script), file], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return JSON.parse(stdout) as readonly string[];
}
