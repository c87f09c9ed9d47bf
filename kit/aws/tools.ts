import { startGuarded, type GuardedOptions } from './guarded-process.ts';
import { Unavailable } from './unavailable.ts';

/** How to run a tool to its end. */
export interface ToolOptions extends GuardedOptions {
  /** What to install when the tool is not there. */
  readonly from: string;
  readonly signal?: AbortSignal;
  /** Milliseconds; default 10 minutes. */
  readonly limitMs?: number;
}

/** The shell's code for a command that it did not find. */
const notFound = 127;

/**
 * Runs an installer's tool and returns what it said, the end of it.
 * @throws Unavailable when it is not there, fails, or takes too long
 */
export async function runTool(
  command: string,
  args: readonly string[],
  options: ToolOptions,
): Promise<string> {
  const limit = AbortSignal.timeout(options.limitMs ?? 600_000);
  const signal = options.signal ? AbortSignal.any([limit, options.signal]) : limit;
  const tool = startGuarded(command, args, options);
  const stop = (): void => void tool.kill();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const end = await tool.ended;
  signal.removeEventListener('abort', stop);
  if (end === 0) return tool.said();
  if (end === notFound) throw new Unavailable(`${command} is not there; install ${options.from}`);
  const how = signal.aborted ? 'was ended before it was done' : `ended with ${String(end)}`;
  throw new Unavailable(`${[command, ...args].join(' ')} ${how}: ${tool.said().trim().slice(-1500)}`);
}

/** Whether a tool is on the path. */
export async function isThere(command: string): Promise<boolean> {
  return (await startGuarded('/bin/sh', ['-c', 'command -v "$0"', command]).ended) === 0;
}
