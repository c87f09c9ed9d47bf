import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once, type Closeable } from 'banyan/runtime';
import type { StageTimes } from './stage-times.ts';

/** Where a running `banyan dev` tells how it is reached. */
function addressFile(directory: string): string {
  return join(directory, 'dev.json');
}

/** What a running `banyan dev` can be asked. */
export interface Controlled {
  readonly times: StageTimes;
  /** Whether it feeds the views itself. */
  readonly feeds: boolean;
  /** Looks now for generations and translations that came or went. */
  readonly refresh: () => Promise<void>;
}

/**
 * Answers other `banyan` commands of this machine, on loopback: the times of a position
 * (`GET /times/SOURCE/POSITION`), whether it feeds the views itself (`GET /feeds`), and to look now for what came or
 * went (`POST /refresh`).
 */
export async function startControl(
  directory: string,
  { times, feeds, refresh }: Controlled,
): Promise<Closeable> {
  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/refresh') {
      void refresh().then(
        () => response.writeHead(204).end(),
        () => response.writeHead(503).end(),
      );
      return;
    }
    if (request.url === '/feeds') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(feeds));
      return;
    }
    const [, source, position] = /^\/times\/([^/]+)\/(\d+)$/.exec(request.url ?? '') ?? [];
    const found = source === undefined ? undefined : times.of(source, Number(position));
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? null));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await writeFile(addressFile(directory), JSON.stringify({ port, pid: process.pid }));
  return {
    close: once(async () => {
      await rm(addressFile(directory), { force: true });
      await closed(server);
    }),
  };
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** Asks the running `banyan dev`; an empty list when none runs. */
export async function askDev(directory: string, path: string): Promise<unknown> {
  try {
    const { port } = JSON.parse(await readFile(addressFile(directory), 'utf8')) as { port: number };
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5000) });
    return answer.ok ? await answer.json() : [];
  } catch {
    // None runs, or one was killed and left its address behind.
    return [];
  }
}

/** Has the running `banyan dev` look now for what came or went; false when none runs, or when it could not look. */
export async function refreshDev(directory: string): Promise<boolean> {
  try {
    const { port } = JSON.parse(await readFile(addressFile(directory), 'utf8')) as { port: number };
    const signal = AbortSignal.timeout(10_000);
    return (await fetch(`http://127.0.0.1:${String(port)}/refresh`, { method: 'POST', signal })).ok;
  } catch {
    return false;
  }
}
