import { spawn, type ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';

/** A program of the test kit, in a process group of its own that ends when the process that started it does. */
export interface GuardedProcess {
  readonly pid: number;
  /** Resolves when it has ended: the exit code, the signal, or why it could not be started. */
  readonly ended: Promise<number | NodeJS.Signals | Error>;
  /** Whether it has ended. */
  hasEnded(): boolean;
  /** The last 8,000 characters that it said on its standard output and error. */
  said(): string;
  /** Ends it and all of its children. */
  kill(): Promise<void>;
}

/** How to run it. */
export interface GuardedOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * The shell leaves a watcher in the group and becomes the program. The watcher reads a pipe that only our process holds:
 * it ends when we do, SIGKILL included, for which an `exit` handler would be no help.
 */
const guard = '{ read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 & exec "$@" 3<&-';

/** Starts a program. One that is not there ends at once with 127, the shell's code for that. */
export function startGuarded(
  command: string,
  args: readonly string[],
  { cwd, env = process.env }: GuardedOptions = {},
): GuardedProcess {
  const child = spawn('/bin/sh', ['-c', guard, 'sh', command, ...args], {
    ...{ detached: true, env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
    ...(cwd !== undefined && { cwd }),
  });
  let over = false;
  const said = tail(child);
  const leash = child.stdio[3] as Writable;
  leash.on('error', () => undefined);
  // Our end of the pipe would keep the process from being closed, and whatever it left behind from ending.
  const release = (): void => {
    over = true;
    leash.destroy();
  };
  child.once('exit', release).once('error', release);
  const ended = new Promise<number | NodeJS.Signals | Error>((resolve) => {
    child.once('error', resolve).once('close', (code, signal) => resolve(code ?? signal ?? 0));
  });
  return {
    pid: child.pid ?? 0,
    ended,
    hasEnded: () => over,
    said,
    kill: async () => {
      if (!over && child.pid !== undefined) killGroup(child.pid);
      await ended;
    },
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function tail(child: ChildProcess): () => string {
  let text = '';
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-8000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => text;
}
