import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { BanyanError } from '../errors.ts';
import type { FileSystem } from '../file-system.ts';
import { fileErrorCode } from '../node-file-system.ts';
import { isHolderAlive, openTokens, thisHolder, type Holder } from './holder.ts';

/** Where a log ended when it was closed in order. */
export interface LogEnd {
  /** Position of the last entry. */
  readonly position: number;
}

/** What a fence's file holds. The fence of the greatest number is the one that counts. */
interface FenceRecord extends Holder {
  readonly owner: string;
  /** True once its holder had recovered the log; before that it wrote nothing. */
  readonly recovered: boolean;
  /** True once its holder closed the log. */
  readonly released: boolean;
  readonly end?: LogEnd;
  /**
   * Of one that recovers: where what the writer before left ends. It is told before anything is changed, so that readers
   * see all of it meanwhile, and no more; and whoever recovers after this one keeps to it.
   */
  readonly left?: LogEnd;
}

export interface FenceOptions {
  readonly directory: string;
  readonly fileSystem: FileSystem;
  readonly owner: string;
  readonly takeOver?: boolean;
  /** Whether a holder of this host still runs; for tests. */
  readonly isAlive?: (holder: Holder) => boolean;
}

/** The right to write a log, until another takes it. */
export interface Fence {
  readonly number: number;
  /** The last fence whose holder wrote, 0 for none: unsealed segments of others are leavings that count for nothing. */
  readonly writer: number;
  /** Where that holder left the log, if it closed it. */
  readonly end: LogEnd | undefined;
  /** Where what that holder left ends, once that is told; what is behind counts for nothing. */
  readonly left: LogEnd | undefined;
  /**
   * Tells, before anything is changed, where what that holder left ends.
   * @throws BanyanError LOG_FENCED: another writer finds that out, and may find more
   */
  settle(left: LogEnd): Promise<void>;
  /** @throws BanyanError LOG_FENCED when another writer holds a later fence. */
  check(): Promise<void>;
  /** Says that the log is recovered, and removes older fences. */
  recovered(): Promise<void>;
  /** Lets go; the end is what the next holder must find. */
  release(end: LogEnd | undefined): Promise<void>;
}

/** The numbers of a log's fences, ascending. */
export async function fenceNumbers(fileSystem: FileSystem, directory: string): Promise<number[]> {
  const names = await fileSystem.list(`${directory}/fences`);
  const numbers = names.filter((name) => /^\d{8,}\.json$/.test(name)).map((name) => parseInt(name, 10));
  return numbers.sort((a, b) => a - b);
}

/** Whose unsealed segments count, and how far. */
export type FenceState = {
  /** The fence of the last writer, 0 for none. */
  readonly writer: number;
  /** The newest fence: while it is the same, nobody else began to recover. */
  readonly newest: number;
} & (
  | { readonly kind: 'held' }
  /** Another recovers what that writer left, or died or gave up at it: it counts up to its end. */
  | { readonly kind: 'left'; readonly left: LogEnd }
  /** Another is finding out where what that writer left ends: what is behind may be taken back. */
  | { readonly kind: 'unsettled' }
);

/** Who holds a log now, for a reader. */
export async function fenceState(
  fileSystem: FileSystem,
  directory: string,
  isAlive: (holder: Holder) => boolean = isHolderAlive,
): Promise<FenceState> {
  const found = await records(fileSystem, directory);
  const [writer, newest] = [lastWriter(found), found.at(-1)];
  const state = { writer: writer?.number ?? 0, newest: newest?.number ?? 0 };
  if (newest === undefined || newest === writer) return { ...state, kind: 'held' };
  // One that ended without a word has cut off nothing and will not; who comes after it finds at least what is there now.
  const isOver = newest.record.released || isGone(newest.record, isAlive);
  const left = isOver ? leftBy(found) : newest.record.left;
  if (left !== undefined) return { ...state, kind: 'left', left };
  return { ...state, kind: isOver ? 'held' : 'unsettled' };
}

/** @throws BanyanError LOG_IN_USE when the log has a writer. */
export async function takeFence(options: FenceOptions): Promise<Fence> {
  const { directory, fileSystem, owner } = options;
  const holder = thisHolder(randomUUID());
  for (;;) {
    const before = await records(fileSystem, directory);
    const newest = before.at(-1);
    if (newest !== undefined) checkIsFree(newest.record, options);
    const number = (newest?.number ?? 0) + 1;
    // One that ended tells nothing more, so this is known at once; of one that may still run only once it is overtaken.
    const told = newest?.record.released === true ? leftBy(before) : undefined;
    const first = { ...holder, owner, recovered: false, released: false };
    const record: FenceRecord = told === undefined ? first : { ...first, left: told };
    if (!(await fileSystem.createExclusive(pathOf(directory, number), textOf(record)))) continue;
    openTokens.add(holder.token);
    return overtaking(options, number, record);
  }
}

/** The fence just made, with what the ones before it tell now: nothing that they tell later counts. */
async function overtaking(options: FenceOptions, number: number, record: FenceRecord): Promise<Fence> {
  try {
    const all = await records(options.fileSystem, options.directory);
    const earlier = all.filter((fence) => fence.number < number);
    return heldFence(options, number, record, earlier);
  } catch (error) {
    // Nobody else would let go of it. Where that fails too, the first error is the one to tell.
    await heldFence(options, number, record, [])
      .release(undefined)
      .catch(() => undefined);
    throw error;
  }
}

interface NumberedRecord {
  readonly number: number;
  readonly record: FenceRecord;
}

function lastWriter(fences: readonly NumberedRecord[]): NumberedRecord | undefined {
  return fences.findLast(({ record }) => record.recovered);
}

/** Where what the last writer left ends, as it said itself or one that recovered after it. */
function leftBy(fences: readonly NumberedRecord[]): LogEnd | undefined {
  return leftByRecovery(fences) ?? lastWriter(fences)?.record.end;
}

function leftByRecovery(fences: readonly NumberedRecord[]): LogEnd | undefined {
  const writer = lastWriter(fences)?.number ?? 0;
  return fences.findLast(({ number, record }) => number > writer && record.left !== undefined)?.record.left;
}

function heldFence(
  options: FenceOptions,
  number: number,
  first: FenceRecord,
  earlier: readonly NumberedRecord[],
): Fence {
  const { directory, fileSystem, owner } = options;
  const store = (record: FenceRecord) => fileSystem.replace(pathOf(directory, number), textOf(record));
  const check = async () => {
    const later = (await fenceNumbers(fileSystem, directory)).at(-1) ?? 0;
    if (later > number) throw await fencedBy(fileSystem, directory, owner, later);
  };
  const writer = lastWriter(earlier);
  let left = leftByRecovery(earlier);
  let record = first;
  return {
    number,
    writer: writer?.number ?? 0,
    end: writer?.record.end,
    get left() {
      return left;
    },
    check,
    async settle(end) {
      left = end;
      if (record.left === undefined) {
        record = { ...record, left };
        await store(record);
      }
      // Whoever takes the log from now on finds this, and keeps to it; whoever took it before may not have seen it.
      await check();
    },
    async recovered() {
      const { left: _, ...rest } = record;
      record = { ...rest, recovered: true };
      await store(record);
      for (const older of await fenceNumbers(fileSystem, directory)) {
        if (older < number) await fileSystem.remove(pathOf(directory, older));
      }
    },
    async release(end) {
      openTokens.delete(record.token);
      if (((await fenceNumbers(fileSystem, directory)).at(-1) ?? 0) > number) return;
      await store({ ...record, released: true, ...(end === undefined ? {} : { end }) });
    },
  };
}

/** All fences as they were at one time. */
async function records(fileSystem: FileSystem, directory: string): Promise<NumberedRecord[]> {
  for (;;) {
    const numbers = await fenceNumbers(fileSystem, directory);
    const found: NumberedRecord[] = [];
    for (const number of numbers) {
      const record = await readRecord(fileSystem, directory, number);
      if (record !== undefined) found.push({ number, record });
    }
    // Some were removed, by a writer that opened the log just now: its own may be missing among these.
    if (found.length === numbers.length) return found;
  }
}

async function readRecord(
  fileSystem: FileSystem,
  directory: string,
  number: number,
): Promise<FenceRecord | undefined> {
  try {
    return JSON.parse((await fileSystem.readWhole(pathOf(directory, number))).toString()) as FenceRecord;
  } catch (error) {
    // Removed by a writer that opened the log just now.
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether the holder has ended for certain: of one on another host that cannot be told. */
function isGone(record: FenceRecord, isAlive: (holder: Holder) => boolean): boolean {
  return record.host === hostname() && !isAlive(record);
}

function checkIsFree(
  record: FenceRecord,
  { directory, takeOver = false, isAlive = isHolderAlive }: FenceOptions,
): void {
  if (record.released || takeOver) return;
  const details = { directory, host: record.host, pid: record.pid, owner: record.owner };
  if (record.host !== hostname()) {
    throw new BanyanError(
      'LOG_IN_USE',
      `The log in ${directory} was opened by ${record.owner} on host ${record.host} (process ${record.pid}) and never ` +
        'closed; whether that process still runs cannot be seen from here. Make sure that it does not, then open the ' +
        'log with takeOver.',
      { details },
    );
  }
  if (isGone(record, isAlive)) return;
  throw new BanyanError(
    'LOG_IN_USE',
    `The log in ${directory} is being written by ${record.owner}, process ${record.pid} on host ${record.host}. ` +
      'A log has one writer: stop that process first, or give this one another directory.',
    { details },
  );
}

async function fencedBy(
  fileSystem: FileSystem,
  directory: string,
  owner: string,
  number: number,
): Promise<BanyanError> {
  const by = await readRecord(fileSystem, directory, number);
  const who = by === undefined ? 'another writer' : `${by.owner}, process ${by.pid} on host ${by.host}`;
  return new BanyanError(
    'LOG_FENCED',
    `${owner} no longer holds the log in ${directory}: ${who} took it over. Nothing more is written here. ` +
      'Stop this process, or that one and start this one again.',
    { details: { directory, fence: number } },
  );
}

function pathOf(directory: string, number: number): string {
  return `${directory}/fences/${String(number).padStart(8, '0')}.json`;
}

function textOf(record: FenceRecord): string {
  return `${JSON.stringify(record)}\n`;
}
