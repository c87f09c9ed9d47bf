import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';

/** How long a lock is believed, in milliseconds: longer than any install takes. */
const believedMs = 1_800_000;

/**
 * Runs the body while no other process runs one under the same path. A lock whose process died is broken. Two processes
 * that break one at the same instant may both run: the lock saves work, and what it guards must be right without it.
 */
export async function withLock<T>(path: string, body: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const mine = `${String(process.pid)} ${randomUUID()}`;
  while (!(await acquire(path, mine))) {
    signal?.throwIfAborted();
    if (await isStale(path)) await discard(path);
    else await new Promise((resolve) => setTimeout(resolve, 100));
  }
  try {
    return await body();
  } finally {
    if ((await contentOf(path)) === mine) await rm(path, { force: true });
  }
}

/** A link appears at once and whole, with its content; a file that is created and then written does not. */
async function acquire(path: string, mine: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, mine);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function isStale(path: string): Promise<boolean> {
  const content = await contentOf(path);
  if (content === undefined) return false;
  if (!isAlive(Number(content.split(' ')[0]))) return true;
  const since = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
  return Date.now() - since > believedMs;
}

/** Renamed before it is removed, so that of two who do this one fails. */
async function discard(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).catch(() => undefined);
  await rm(aside, { force: true });
}

function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

/** Whether a process runs. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
