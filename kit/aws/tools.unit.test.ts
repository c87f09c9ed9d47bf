import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.ts';
import { isThere, runTool } from './tools.ts';
import { Unavailable } from './unavailable.ts';

const from = 'a shell';

test('a tool says what it says', async () => {
  expect(await runTool('/bin/sh', ['-c', 'echo out; echo err >&2'], { from })).toMatch(
    /out[^]*err|err[^]*out/,
  );
});

test('a tool that is not there tells what to install', async () => {
  const run = runTool('no-such-tool-of-banyan', [], { from: 'the tool (apt-get install tool)' });
  await expect(run).rejects.toThrow(Unavailable);
  await expect(run).rejects.toThrow(
    'no-such-tool-of-banyan is not there; install the tool (apt-get install tool)',
  );
});

test('a tool that fails tells how, with what it said', async () => {
  const run = runTool('/bin/sh', ['-c', 'echo no network; exit 3'], { from });
  await expect(run).rejects.toThrow(Unavailable);
  await expect(run).rejects.toThrow(/ended with 3: no network$/);
});

test.each([
  ['takes too long', { limitMs: 1 }],
  ['is no longer wanted', { signal: AbortSignal.abort() }],
])('a tool that %s is ended', async (_, options) => {
  const run = runTool('sleep', ['1000'], { from, ...options });
  await expect(run).rejects.toThrow(/sleep 1000 was ended before it was done/);
});

test('what is on the path is there', async () => {
  expect([await isThere('sh'), await isThere('no-such-tool-of-banyan')]).toEqual([true, false]);
});

test('what was started ends with its starter, however that ends', async () => {
  const script = fileURLToPath(new URL('testing/guarding-process.ts', import.meta.url));
  const starter = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(starter.stdout, 'data')) as [Buffer];
  const port = Number(said.toString());
  expect(await listens(port)).toBe(true);
  starter.kill('SIGKILL');
  await eventually(async () => expect(await listens(port)).toBe(false));
});

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
