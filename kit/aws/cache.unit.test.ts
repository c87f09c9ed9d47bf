import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.ts';
import { installed } from './cache.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'banyan-cache-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const name = 'fake-1.0';

describe('in one process', () => {
  test('is installed once, for all who ask at the same time and later', async () => {
    let installs = 0;
    const install = async (directory: string): Promise<void> => {
      installs++;
      await writeFile(join(directory, 'whole'), '');
    };
    const places = await Promise.all([1, 2, 3].map(() => installed({ name, install }, { root })));
    places.push(await installed({ name, install }, { root }));
    expect(places).toEqual(Array(4).fill(join(root, name)));
    expect([installs, await readdir(root), await readdir(join(root, name))]).toEqual([1, [name], ['whole']]);
  });

  test('one that failed leaves nothing, and is tried again', async () => {
    const failing = async (directory: string): Promise<void> => {
      await writeFile(join(directory, 'half'), '');
      throw new Error('no network');
    };
    await expect(installed({ name, install: failing }, { root })).rejects.toThrow('no network');
    expect(await readdir(root)).toEqual([]);
    const place = await installed({ name, install: async () => undefined }, { root });
    expect([existsSync(place), await readdir(place)]).toEqual([true, []]);
  });

  test('versions are installed side by side', async () => {
    const install = async (): Promise<void> => undefined;
    await installed({ name, install }, { root });
    await installed({ name: 'fake-2.0', install }, { root });
    expect((await readdir(root)).sort()).toEqual([name, 'fake-2.0']);
  });
});

describe('in several processes', () => {
  const script = fileURLToPath(new URL('testing/install-process.ts', import.meta.url));
  const start = () => spawn(process.execPath, [script, root], { stdio: 'inherit' });
  const noted = async (word: string): Promise<number> =>
    (await readFile(join(root, 'log'), 'utf8')).split('\n').filter((line) => line === word).length;

  test('one installs and the others wait for it', async () => {
    const ends = [start(), start(), start()].map((child) => once(child, 'close'));
    await eventually(async () => expect([await noted('asked'), await noted('installing')]).toEqual([3, 1]));
    expect(existsSync(join(root, name))).toBe(false);
    await writeFile(join(root, 'go'), '');
    expect(await Promise.all(ends)).toEqual(Array(3).fill([0, null]));
    expect(await noted('installing')).toBe(1);
    expect((await readdir(root)).sort()).toEqual([name, 'go', 'log']);
  });

  test('one that is killed in the middle is done anew, by somebody who waits', async () => {
    const killed = start();
    await eventually(async () => expect(await noted('installing')).toBe(1));
    const waiting = start();
    await eventually(async () => expect(await noted('asked')).toBe(2));
    killed.kill('SIGKILL');
    await eventually(async () => expect(await noted('installing')).toBe(2));
    expect(existsSync(join(root, name))).toBe(false);
    await writeFile(join(root, 'go'), '');
    expect(await once(waiting, 'close')).toEqual([0, null]);
    expect((await readdir(root)).sort()).toEqual([name, 'go', 'log']);
    expect((await readdir(join(root, name))).sort()).toEqual(['half', 'whole']);
  });
});
