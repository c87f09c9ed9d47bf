import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What `banyan dev --json` says, a line each. */
export interface DevMessage {
  readonly event: string;
  readonly [name: string]: unknown;
}

/** The `banyan` command in a process of its own. */
export interface BanyanProcess {
  readonly pid: number;
  /** Everything said so far on standard output, line by line, as JSON. */
  readonly messages: readonly DevMessage[];
  /** Resolves when everything runs; rejects with what was said when the process ends before. */
  readonly ready: Promise<DevMessage>;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** What it said on standard error, the last 20,000 characters. */
  errors(): string;
  /** Ends it: SIGTERM unless told. */
  end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

/** How to run it. */
export interface BanyanOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly onMessage?: (message: DevMessage) => void;
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
}

/**
 * Runs the built command (`npm run build`), as an operator does. Where BANYAN_CHAOS is set, its value is the seed of
 * the hostile bus that feeds the views of every `banyan dev`.
 */
export function runBanyan(args: readonly string[], options: BanyanOptions = {}): BanyanProcess {
  const env = { ...process.env, NODE_OPTIONS: '', ...options.env };
  const given = [...args, ...chaosFlags(args, env)];
  const child = spawn(process.execPath, [...(options.nodeFlags ?? []), builtCommand(), ...given], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
    cwd: options.cwd ?? process.cwd(),
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const errors = tail(child);
  const messages: DevMessage[] = [];
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      process.off('exit', kill);
      resolve(code ?? signal ?? -1);
    });
  });
  const ready = new Promise<DevMessage>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = parse(line);
      messages.push(message);
      options.onMessage?.(message);
      if (message.event === 'ready') resolve(message);
    });
    void ended.then((code) => {
      const said = messages.map((message) => JSON.stringify(message)).join('\n');
      reject(new Error(`banyan ended with ${String(code)} before it was ready:\n${said}\n${errors()}`));
    });
  });
  ready.catch(() => undefined);
  return {
    pid: child.pid ?? -1,
    messages,
    ready,
    ended,
    errors,
    end: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

function chaosFlags(args: readonly string[], { BANYAN_CHAOS: seed }: NodeJS.ProcessEnv): readonly string[] {
  const isMeant = args[0] === 'dev' && !args.includes('--chaos') && !args.includes('--help');
  return isMeant && seed !== undefined && seed !== '' ? ['--chaos', seed] : [];
}

/** The answer of a command that ends by itself. */
export async function askBanyan(
  args: readonly string[],
  options: BanyanOptions = {},
): Promise<{
  readonly code: number | NodeJS.Signals;
  readonly answer: readonly DevMessage[];
  readonly errors: string;
}> {
  const run = runBanyan(args, options);
  const code = await run.ended;
  return { code, answer: run.messages, errors: run.errors() };
}

/** The command in `dist`, from the sources and from `dist` alike. */
export function builtCommand(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    const command = join(at, 'dist', 'cli', 'main.js');
    if (existsSync(command)) return command;
  }
  throw new Error('There is no dist/cli/main.js: run npm run build first.');
}

function tail(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-20_000);
  });
  return () => text;
}

function parse(line: string): DevMessage {
  try {
    return JSON.parse(line) as DevMessage;
  } catch {
    return { event: 'text', text: line };
  }
}
