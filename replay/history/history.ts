import { hostname, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { BanyanError, nodeFileSystem, systemClock, toError, type FileSystem } from 'banyan/runtime';
import { historyFile } from '../places.ts';
import { historyEntry, type HistoryEntry } from './entry.ts';

/** Which lines are wanted. */
export interface HistoryQuestion {
  /** Lines that concern this projection. */
  readonly projection?: string;
  readonly group?: string;
  /** The newest lines only. */
  readonly limit?: number;
  /** Told of each line that cannot be read: most likely its writer was killed. The others are given. */
  readonly onProblem?: (problem: HistoryProblem) => void;
}

/** A line that is no entry. */
export interface HistoryProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Who does what is done now: BANYAN_OPERATOR, else `user@host`. */
export function operator(): string {
  return process.env['BANYAN_OPERATOR']?.trim() || `${userName()}@${hostname()}`;
}

/** In a container the user may have a number and no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env['USER'] ?? 'unknown';
  }
}

/** An entry to write; who and when are those of now, unless they are given. */
export type NewHistoryEntry = Omit<HistoryEntry, 'at' | 'who'> & Partial<Pick<HistoryEntry, 'at' | 'who'>>;

/**
 * Adds a line to the audit trail, durably. Several processes may do it at once: a line is one append.
 * @throws BanyanError HISTORY_INVALID
 */
export async function appendHistory(
  directory: string,
  entry: NewHistoryEntry,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  const parsed = historyEntry.safeParse({
    at: new Date(systemClock.now()).toISOString(),
    who: operator(),
    ...entry,
  });
  if (!parsed.success) throw invalid(parsed.error.message);
  const path = historyFile(directory);
  await fileSystem.makeDirectory(dirname(path));
  const size = await fileSystem.size(path);
  // A line that was torn is ended, or this one would be part of it. One that another process is just writing may look
  // torn: then a blank line is left, which readers pass over.
  const start = size && !(await endsWithLine(fileSystem, path, size)) ? '\n' : '';
  const file = await fileSystem.openAppend(path);
  try {
    await file.append(Buffer.from(`${start}${JSON.stringify(parsed.data)}\n`));
    await file.sync();
  } finally {
    await file.close();
  }
  if (size === undefined) await fileSystem.syncDirectory(dirname(path));
}

async function endsWithLine(fileSystem: FileSystem, path: string, size: number): Promise<boolean> {
  const file = await fileSystem.openRead(path);
  try {
    return (await file.read(size - 1, 1)).toString() === '\n';
  } finally {
    await file.close();
  }
}

/** The audit trail, the oldest line first. */
export async function readHistory(
  directory: string,
  question: HistoryQuestion = {},
  fileSystem: FileSystem = nodeFileSystem,
): Promise<readonly HistoryEntry[]> {
  const path = historyFile(directory);
  if ((await fileSystem.size(path)) === undefined) return [];
  const entries: HistoryEntry[] = [];
  const lines = (await fileSystem.readWhole(path)).toString().split('\n');
  for (const [at, line] of lines.entries()) {
    // Behind the last newline, or left by one that met a line being written.
    if (line === '') continue;
    const entry = parse(line);
    if ('problem' in entry) question.onProblem?.({ file: path, line: at + 1, message: entry.problem });
    else entries.push(entry);
  }
  const { projection, group, limit } = question;
  const wanted = withoutDoubles(entries).filter(
    (entry) =>
      (group === undefined || entry.group === group) &&
      (projection === undefined || entry.projections.some(({ name }) => name === projection)),
  );
  return limit === undefined ? wanted : wanted.slice(Math.max(0, wanted.length - limit));
}

function parse(line: string): HistoryEntry | { readonly problem: string } {
  try {
    return historyEntry.parse(JSON.parse(line));
  } catch (error) {
    return { problem: `not an entry of the history: ${toError(error).message}` };
  }
}

/** One that was thought to be killed may have written its line all the same: then its own one is kept. */
function withoutDoubles(entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const nameOf = ({ group, action, epoch }: HistoryEntry): string => JSON.stringify([group, action, epoch]);
  const told = new Set(entries.filter(({ completed }) => completed !== true).map(nameOf));
  return entries.filter((entry) => {
    if (entry.completed !== true || entry.epoch === undefined) return true;
    if (told.has(nameOf(entry))) return false;
    told.add(nameOf(entry));
    return true;
  });
}

function invalid(what: string): BanyanError {
  return new BanyanError(
    'HISTORY_INVALID',
    `This is no entry of the history: ${what}. Nothing was written. Expected who, when (ISO 8601), what and the projections.`,
  );
}
