import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/*
 * Away from Banyan's own packages, as in a project that has installed it: what TypeScript there is, both share.
 */
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banyan-type-check-'));
  const here = dirname(fileURLToPath(import.meta.url));
  await copyFile(join(here, 'type-check-process.ts'), join(directory, 'type-check-process.ts'));
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
  await writeFile(join(directory, 'banyan.config.ts'), 'export const wrong: number = "text";');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function checked(): Promise<unknown> {
  const script = join(directory, 'type-check-process.ts');
  const file = join(directory, 'banyan.config.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', script, file]);
  return JSON.parse(stdout) as unknown;
}

async function install(text: string): Promise<void> {
  const place = join(directory, 'node_modules', 'typescript');
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'package.json'), '{ "main": "index.cjs" }');
  await writeFile(join(place, 'index.cjs'), text);
}

test('a TypeScript without a compiler API is told, and not taken for a check without errors', async () => {
  await install("module.exports = { version: '7.0.2', versionMajorMinor: '7.0' };");
  expect(await checked()).toEqual({ kind: 'unusable', version: '7.0.2' });
});

test('one that has the API checks', async () => {
  const own = fileURLToPath(import.meta.resolve('typescript'));
  await install(`module.exports = require(${JSON.stringify(own)});`);
  expect(await checked()).toEqual({
    kind: 'checked',
    errors: [expect.stringMatching(/^banyan\.config\.ts:1:14: /)],
  });
});

test('without any nothing is checked', async () => {
  expect(await checked()).toEqual({ kind: 'none' });
});
