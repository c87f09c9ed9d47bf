import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installed, type Installable } from './cache.ts';
import { startServer, type RunningServer } from './server.ts';
import { runTool } from './tools.ts';

const version = '1.5.33';

/** A virtual environment points at the Python it was made by, so that another Python has another one. */
function ministack(python: string): Installable {
  return {
    name: `ministack-${version}-python-${python}`,
    install: async (directory, signal) => {
      const options = {
        ...{ cwd: directory, from: 'Python with venv (on Debian: apt-get install python3-venv)' },
        ...(signal && { signal }),
      };
      await runTool('python3', ['-m', 'venv', directory], options);
      const pip = ['-m', 'pip', 'install', '-q', '--no-input', `ministack==${version}`];
      await runTool(join(directory, 'bin', 'python'), pip, options);
    },
  };
}

/** MiniStack: EventBridge, SQS, S3 and Lambda, in memory; what it writes goes to a directory removed at the end. */
export async function startMiniStack(signal?: AbortSignal): Promise<RunningServer> {
  const from = 'Python 3.10 or later';
  const said = await runTool('python3', ['--version'], { from, ...(signal && { signal }) });
  const python = said.trim().split(' ').at(-1) ?? '';
  const directory = await installed(ministack(python), { ...(signal && { signal }) });
  const scratch = await mkdtemp(join(tmpdir(), 'banyan-ministack-'));
  const command = (port: number) => ({
    // By module: the scripts in `bin` name the directory that the install was staged in.
    command: join(directory, 'bin', 'python'),
    args: ['-m', 'ministack'],
    cwd: scratch,
    env: {
      ...withoutAws(process.env),
      ...{ BIND_HOST: '127.0.0.1', MINISTACK_HOST: '127.0.0.1', GATEWAY_PORT: String(port) },
      ...{ TMPDIR: scratch, LOG_LEVEL: 'WARNING' },
    },
  });
  const removeScratch = () => rm(scratch, { recursive: true, force: true });
  const server = await startServer(command, signal).catch(async (error: unknown) => {
    await removeScratch();
    throw error;
  });
  return {
    endpoint: server.endpoint,
    close: async () => {
      await server.close();
      await removeScratch();
    },
  };
}

/** The developer's own account is none of the emulator's business. */
function withoutAws(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('AWS_')));
}
