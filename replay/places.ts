import { join } from 'node:path';
import { eventLogName, type EventLogRef } from 'banyan/events';
import type { FileSystem } from 'banyan/runtime';

/** Where a source's change log and row state are kept. */
export function sourceDirectory(directory: string, source: string): string {
  return join(directory, 'sources', source);
}

/** Where a source's change log is kept. */
export function changeLogDirectory(directory: string, source: string): string {
  return join(sourceDirectory(directory, source), 'change-log');
}

/** Where the versions of translations are kept, each in a directory of its own. */
export function translationsDirectory(directory: string): string {
  return join(directory, 'translations');
}

/** Where a version of a translation keeps its event log and its look-up state. */
export function translationDirectory(directory: string, log: EventLogRef): string {
  // A colon is no character for a file name everywhere.
  return join(translationsDirectory(directory), eventLogName(log).replace(':', '.'));
}

/** Where the event log of a version of a translation is kept. */
export function eventLogDirectory(directory: string, log: EventLogRef): string {
  return join(translationDirectory(directory, log), 'event-log');
}

/** Where the tallies of an event log are kept, when its views are fed by an unordered bus. */
export function talliesDirectory(directory: string, log: EventLogRef): string {
  return join(translationDirectory(directory, log), 'tallies');
}

/** Where the bundles are kept. */
export function bundlesDirectory(directory: string): string {
  return join(directory, 'bundles');
}

/** Where what concerns the building of one generation is kept: its record, its lock, its comparison. */
export function replayDirectory(
  directory: string,
  { projection, number }: { readonly projection: string; readonly number: number },
): string {
  return join(directory, 'replays', `${projection}.g${String(number)}`);
}

/** The numbers of the generations of a projection whose building was begun here, whatever became of them. */
export async function begunNumbers(
  fileSystem: Pick<FileSystem, 'list'>,
  directory: string,
  projection: string,
): Promise<readonly number[]> {
  const names = await fileSystem.list(join(directory, 'replays'));
  return names.flatMap((name) => {
    const number = name.startsWith(`${projection}.g`) ? Number(name.slice(projection.length + 2)) : NaN;
    return Number.isInteger(number) && number > 0 ? [number] : [];
  });
}

/** The audit trail. */
export function historyFile(directory: string): string {
  return join(directory, 'history.jsonl');
}
