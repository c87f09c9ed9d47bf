import { expect, test } from '@jest/globals';
import { runCommand } from './program.ts';

/** Runs a command and keeps what it says. */
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const terminal = {
    out: (text: string) => void (said.out += text),
    err: (text: string) => void (said.err += text),
    interactive: false,
    width: 100,
  };
  const code = await runCommand(args, { terminal, cwd: '/', signal: new AbortController().signal });
  return { code, ...said };
}

test.each([
  ['--help'],
  ['dev', '--help'],
  ['status', '--help'],
  ['log', '--help'],
  ['log', 'stats', '--help'],
  ['log', 'cat', '--help'],
  ['log', 'tail', '--help'],
  ['log', 'verify', '--help'],
  ['log', 'trace', '--help'],
  ['parked', 'list', '--help'],
  ['parked', 'show', '--help'],
  ['parked', 'retry', '--help'],
  ['parked', 'skip', '--help'],
  ['tables', 'pull', '--help'],
])('%s %s %s explains itself with exit code 0', async (...args) => {
  const { code, out } = await run(...args);
  expect(code).toBe(0);
  expect(out).toContain('Usage: banyan');
  if (args.length > 1 && args[0] !== 'log') expect(out).toContain('--json');
});

test.each([
  ['no such command', ['devv']],
  ['no such option', ['status', '--jsn']],
  ['an argument that is missing', ['log', 'cat']],
  ['a position that is no number', ['log', 'cat', 'shop', '--from', 'x']],
  ['an id that is none', ['log', 'trace', 'shop']],
  ['a seed that is no number', ['dev', '--chaos', 'x']],
  ['an event that is left out without a reason', ['parked', 'skip', 'view', 'key', '--event', 'x']],
])('%s is wrong usage: exit code 2, told on standard error', async (_, args) => {
  const { code, out, err } = await run(...args);
  expect(code).toBe(2);
  expect(out).toBe('');
  expect(err).not.toBe('');
});

test('a failure is exit code 1, as text and as JSON', async () => {
  expect(await run('status')).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/^error CONFIG_NOT_FOUND: /),
  });
  const { code, out } = await run('status', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'CONFIG_NOT_FOUND' } });
});
