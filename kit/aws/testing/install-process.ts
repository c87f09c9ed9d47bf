import { existsSync } from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installed } from '../cache.ts';

/*
 * Installs a fake in a process of its own: notes in ROOT/log that it wants it, notes again when it is the one to
 * install, and goes on installing until there is a file ROOT/go.
 *
 *     install-process.ts ROOT
 */
const [root = ''] = process.argv.slice(2);
const note = (word: string): Promise<void> => appendFile(join(root, 'log'), `${word}\n`);
await note('asked');
const install = async (directory: string): Promise<void> => {
  await writeFile(join(directory, 'half'), '');
  await note('installing');
  while (!existsSync(join(root, 'go'))) await new Promise((resolve) => setTimeout(resolve, 10));
  await writeFile(join(directory, 'whole'), '');
};
await installed({ name: 'fake-1.0', install }, { root });
