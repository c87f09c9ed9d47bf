import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './lock.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banyan-lock-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('one body runs at a time, and nothing stays behind', async () => {
  const path = join(directory, 'lock');
  let [inside, most] = [0, 0];
  const body = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
  };
  await Promise.all([1, 2, 3, 4].map(() => withLock(path, body)));
  expect([most, await readdir(directory)]).toEqual([1, []]);
});

test('a body that throws gives the lock back', async () => {
  const path = join(directory, 'lock');
  const failed = withLock(path, () => Promise.reject(new Error('no')));
  await expect(failed).rejects.toThrow('no');
  expect(await withLock(path, async () => 'next')).toBe('next');
});

test('the lock of a live process is waited for', async () => {
  const path = join(directory, 'lock');
  await writeFile(path, `${String(process.pid)} somebody`);
  const body = async (): Promise<string> => 'ran';
  await expect(withLock(path, body, AbortSignal.abort('enough'))).rejects.toBe('enough');
  expect(await readdir(directory)).toEqual(['lock']);
});

test('the lock of a process that is no more is broken', async () => {
  const path = join(directory, 'lock');
  // Above every limit of process ids.
  await writeFile(path, `${String(2 ** 30)} somebody`);
  expect(await withLock(path, async () => 'ran')).toBe('ran');
});

test('a lock that is older than any install is broken, since ids of processes come again', async () => {
  const path = join(directory, 'lock');
  await writeFile(path, `${String(process.pid)} somebody`);
  const longAgo = new Date('2020-01-01');
  await utimes(path, longAgo, longAgo);
  expect(await withLock(path, async () => 'ran')).toBe('ran');
});
