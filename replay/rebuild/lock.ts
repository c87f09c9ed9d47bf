import { isHolderAlive, openTokens, thisHolder, type FileSystem, type Holder } from 'banyan/runtime';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { replayRunning } from './errors.ts';

/** What a file of the lock holds; the one of the greatest number counts. */
interface LockRecord extends Holder {
  readonly released: boolean;
}

/** The right to rebuild a projection. */
export interface RebuildLock {
  release(): Promise<void>;
}

interface Found {
  readonly number: number;
  readonly record: LockRecord;
}

/**
 * Takes the lock of a projection, also from a process that died.
 * @param takeOver also from a process of another host, of which nobody here knows whether it runs
 * @throws BanyanError REPLAY_RUNNING
 */
export async function takeLock(
  fileSystem: FileSystem,
  directory: string,
  projection: string,
  takeOver = false,
): Promise<RebuildLock> {
  const place = lockDirectory(directory, projection);
  await fileSystem.makeDirectory(place);
  const holder = thisHolder(randomUUID());
  for (;;) {
    const found = await newest(fileSystem, place);
    const holding = found && holderOf(found.record);
    if (holding && (holding.isHere || !takeOver))
      throw replayRunning(projection, holding.holder, holding.isHere);
    const number = (found?.number ?? 0) + 1;
    const path = pathOf(place, number);
    // Before the file is there: another taker in this process must not think that its holder is gone.
    openTokens.add(holder.token);
    // Whoever comes first has it; the other looks again.
    const isMine = await fileSystem.createExclusive(path, textOf({ ...holder, released: false }));
    if (!isMine) {
      openTokens.delete(holder.token);
      continue;
    }
    if (found) await fileSystem.remove(pathOf(place, found.number));
    return {
      release: async () => {
        openTokens.delete(holder.token);
        await fileSystem.replace(path, textOf({ ...holder, released: true }));
      },
    };
  }
}

/** Who rebuilds a projection now, if anybody does. */
export async function rebuilding(
  fileSystem: FileSystem,
  directory: string,
  projection: string,
): Promise<Holder | undefined> {
  const found = await newest(fileSystem, lockDirectory(directory, projection));
  return found && holderOf(found.record)?.holder;
}

function holderOf(record: LockRecord): { readonly holder: Holder; readonly isHere: boolean } | undefined {
  if (record.released) return undefined;
  const isHere = record.host === thisHolder('').host;
  return isHere && !isHolderAlive(record) ? undefined : { holder: record, isHere };
}

async function newest(fileSystem: FileSystem, place: string): Promise<Found | undefined> {
  for (;;) {
    const names = await fileSystem.list(place);
    const number = Math.max(0, ...names.flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number));
    if (number === 0) return undefined;
    try {
      const text = await fileSystem.readWhole(pathOf(place, number));
      return { number, record: JSON.parse(text.toString()) as LockRecord };
    } catch (error) {
      // Removed by a later holder.
      if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
    }
  }
}

/** The lock is the projection's, not a generation's: of two rebuilds with different code one must be refused too. */
function lockDirectory(directory: string, projection: string): string {
  return join(directory, 'replays', `${projection}.lock`);
}

function pathOf(place: string, number: number): string {
  return join(place, `${String(number)}.json`);
}

function textOf(record: LockRecord): string {
  return `${JSON.stringify(record)}\n`;
}
