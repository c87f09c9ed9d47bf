import type { ChangeLogLine } from 'banyan/cdc';
import { eventLogOf } from 'banyan/catalog';
import { eventLogName, type EventLogLine, type EventLogRef } from 'banyan/events';
import { BanyanError, nodeFileSystem, openLogReader, type SegmentLogReader } from 'banyan/runtime';
import type { LoadedConfig } from '../config/load-config.ts';
import { changeLogDirectory, eventLogDirectory, registeredTranslations } from 'banyan/replay';

/** A log of the project, as commands name it. */
export type NamedLog = { readonly name: string; readonly directory: string } & (
  | { readonly kind: 'change-log'; readonly source: string }
  | { readonly kind: 'event-log'; readonly ref: EventLogRef }
);

/** A line of either kind of log. */
export type AnyLine = ChangeLogLine | EventLogLine;

/** Every log of the project: a change log for each source, an event log for each version of a translation. */
export async function logsOfProject(loaded: LoadedConfig): Promise<readonly NamedLog[]> {
  const refs = [
    ...loaded.config.groups.flatMap((group) => eventLogOf(group) ?? []),
    // Older versions too, and those that the code does not name any more.
    ...(await registeredTranslations(loaded.directory)).map(({ ref }) => ref),
  ];
  const eventLogs = new Map(refs.map((ref) => [eventLogName(ref), eventLog(ref, loaded)]));
  return [
    ...Object.keys(loaded.config.sources).map((source) => changeLog(source, loaded)),
    ...eventLogs.values(),
  ];
}

/** The change log of a source. */
export function changeLog(source: string, { directory }: LoadedConfig): NamedLog {
  return { kind: 'change-log', name: source, source, directory: changeLogDirectory(directory, source) };
}

/** The event log of a version of a translation. */
export function eventLog(ref: EventLogRef, { directory }: LoadedConfig): NamedLog {
  return { kind: 'event-log', name: eventLogName(ref), ref, directory: eventLogDirectory(directory, ref) };
}

/**
 * The log of that name: a source's (`shop`), or a translation's (`shop:orders@1`).
 * @throws BanyanError LOG_UNKNOWN naming those there are
 */
export async function logNamed(name: string, loaded: LoadedConfig): Promise<NamedLog> {
  const logs = await logsOfProject(loaded);
  const found = logs.find((log) => log.name === name);
  if (found) return found;
  throw new BanyanError(
    'LOG_UNKNOWN',
    `There is no log "${name}". Logs of this project: ${logs.map((log) => log.name).join(', ')}.`,
    { details: { name, logs: logs.map((log) => log.name) } },
  );
}

/** A log opened for reading; close it. */
export type OpenLog = SegmentLogReader<AnyLine>;

/**
 * Opens a log of the project for reading; its writer may run meanwhile.
 * @throws BanyanError LOG_NOT_FOUND when nothing was written yet
 */
export async function openLog({ directory }: NamedLog): Promise<OpenLog> {
  return openLogReader<AnyLine>({ directory, fileSystem: nodeFileSystem });
}
