import { randomUUID } from 'node:crypto';
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

/** Whose unsealed segments count. */
export interface FenceState {
  /** The fence of the last writer; undefined while another recovers what that one left, or died at it. */
  readonly writer: number | undefined;
  /** The newest fence: while it is the same, nobody began to recover. */
  readonly newest: number;
}

/** Who holds a log now, for a reader. */
export async function fenceState(fileSystem: FileSystem, directory: string): Promise<FenceState> {
  const found = await records(fileSystem, directory);
  const writer = found.findLast(({ record }) => record.recovered)?.number;
  // One that gave up, because the log is damaged or the disk full, has cut off nothing and will not.
  const isHeld = found.every(({ number, record }) => number <= (writer ?? 0) || record.released);
  return { writer: isHeld ? writer : undefined, newest: found.at(-1)?.number ?? 0 };
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
    const record = { ...holder, owner, recovered: false, released: false };
    if (!(await fileSystem.createExclusive(pathOf(directory, number), textOf(record)))) continue;
    openTokens.add(holder.token);
    const writer = before.findLast((fence) => fence.record.recovered);
    return heldFence(options, number, record, writer);
  }
}

interface NumberedRecord {
  readonly number: number;
  readonly record: FenceRecord;
}

function heldFence(
  options: FenceOptions,
  number: number,
  first: FenceRecord,
  writer?: NumberedRecord,
): Fence {
  const { directory, fileSystem, owner } = options;
  const store = (record: FenceRecord) => fileSystem.replace(pathOf(directory, number), textOf(record));
  let record = first;
  return {
    number,
    writer: writer?.number ?? 0,
    end: writer?.record.end,
    async check() {
      const later = (await fenceNumbers(fileSystem, directory)).at(-1) ?? 0;
      if (later > number) throw await fencedBy(fileSystem, directory, owner, later);
    },
    async recovered() {
      record = { ...record, recovered: true };
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

async function records(fileSystem: FileSystem, directory: string): Promise<NumberedRecord[]> {
  const found: NumberedRecord[] = [];
  for (const number of await fenceNumbers(fileSystem, directory)) {
    const record = await readRecord(fileSystem, directory, number);
    if (record !== undefined) found.push({ number, record });
  }
  return found;
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

function checkIsFree(
  record: FenceRecord,
  { directory, takeOver = false, isAlive = isHolderAlive }: FenceOptions,
): void {
  if (record.released || takeOver) return;
  const details = { directory, host: record.host, pid: record.pid, owner: record.owner };
  if (record.host !== thisHolder('').host) {
    throw new BanyanError(
      'LOG_IN_USE',
      `The log in ${directory} was opened by ${record.owner} on host ${record.host} (process ${record.pid}) and never ` +
        'closed; whether that process still runs cannot be seen from here. Make sure that it does not, then open the ' +
        'log with takeOver.',
      { details },
    );
  }
  if (!isAlive(record)) return;
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
