import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isAlive, withLock } from './lock.ts';

/** Something to install once a machine. */
export interface Installable {
  /** Its directory's name: what it is, its version, and whatever else makes an install of it another one. */
  readonly name: string;
  /** Puts it into an empty directory, which moves to its place when this is done. */
  readonly install: (directory: string, signal?: AbortSignal) => Promise<void>;
}

/** Where installs are kept between runs: BANYAN_TEST_CACHE, or `.cache/banyan-test` below the home directory. */
export function cacheDirectory(): string {
  return process.env['BANYAN_TEST_CACHE'] ?? join(homedir(), '.cache', 'banyan-test');
}

/**
 * The directory of an install, made now when there is none. Staged and renamed: one that was cut short is never used.
 * Of several processes that want it at once, one installs and the others wait.
 */
export async function installed(
  { name, install }: Installable,
  { root = cacheDirectory(), signal }: { readonly root?: string; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const place = join(root, name);
  if (existsSync(place)) return place;
  await mkdir(root, { recursive: true });
  const once = async (): Promise<string> => {
    if (existsSync(place)) return place;
    await removeLeftovers(root, name);
    const staging = await mkdtemp(join(root, `${stagingPrefix(name)}${String(process.pid)}.`));
    try {
      await install(staging, signal);
      await moveInto(staging, place);
      return place;
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  };
  return withLock(join(root, `.${name}.lock`), once, signal);
}

function stagingPrefix(name: string): string {
  return `.${name}.staging.`;
}

/** Somebody may have been there first after all (see `withLock`): then theirs is as good. */
async function moveInto(staging: string, place: string): Promise<void> {
  await rename(staging, place).catch((error: unknown) => {
    if (!existsSync(place)) throw error;
  });
}

/** What installs that were killed have left behind. */
async function removeLeftovers(root: string, name: string): Promise<void> {
  const prefix = stagingPrefix(name);
  for (const entry of await readdir(root)) {
    if (!entry.startsWith(prefix)) continue;
    const pid = Number(entry.slice(prefix.length).split('.')[0]);
    if (!isAlive(pid)) await rm(join(root, entry), { recursive: true, force: true });
  }
}
