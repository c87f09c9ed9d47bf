import { freePort } from '../postgres-server.ts';
import { startGuarded, type GuardedProcess } from './guarded-process.ts';

/** A server that listens on loopback. */
export interface RunningServer {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  close(): Promise<void>;
}

/** How to start one on a port. */
export type ServerCommand = (port: number) => {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
};

/** How often a start is tried, in case that somebody takes the port first. */
const tries = 3;

/** Starts a server on a free port and waits until it answers. */
export async function startServer(how: ServerCommand, signal?: AbortSignal): Promise<RunningServer> {
  let said = '';
  for (let attempt = 0; attempt < tries; attempt++) {
    const port = await freePort();
    const { command, args, ...options } = how(port);
    const server = startGuarded(command, args, options);
    const endpoint = `http://127.0.0.1:${String(port)}`;
    if (await answers(server, endpoint, signal)) return { endpoint, close: () => server.kill() };
    await server.kill();
    signal?.throwIfAborted();
    said = `${command} did not start: ended with ${String(await server.ended)}: ${server.said()}`;
  }
  throw new Error(said);
}

/** Whether it comes to answer, with whatever status, before it ends. A loaded machine may take its time. */
async function answers(server: GuardedProcess, endpoint: string, signal?: AbortSignal): Promise<boolean> {
  const end = Date.now() + 120_000;
  while (!server.hasEnded() && !signal?.aborted && Date.now() < end) {
    const answered = await fetch(endpoint, { signal: AbortSignal.timeout(5000) }).then(
      (response) => response.body?.cancel().then(() => true) ?? true,
      () => false,
    );
    if (answered && !server.hasEnded()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
