import { eventLogName, type EventLogLine, type EventLogRef, type TallyLine } from 'banyan/events';
import { eventLogDirectory, talliesDirectory } from 'banyan/replay';
import { nodeFileSystem, openLogReader, type SegmentLogReader } from 'banyan/runtime';

/** Readers of logs by the names of the event logs. */
type Readers<Line> = (log: EventLogRef) => SegmentLogReader<Line>;

/** Opens event logs as others than their translators read them. @throws BanyanError LOG_NOT_FOUND before they are written */
export function openEventLogs(
  directory: string,
  logs: readonly EventLogRef[],
): Promise<Readers<EventLogLine>> {
  return openAll<EventLogLine>(logs, (log) => eventLogDirectory(directory, log));
}

/** Opens the tallies of event logs. @throws BanyanError LOG_NOT_FOUND before they are written */
export function openTallies(directory: string, logs: readonly EventLogRef[]): Promise<Readers<TallyLine>> {
  return openAll<TallyLine>(logs, (log) => talliesDirectory(directory, log));
}

async function openAll<Line>(
  logs: readonly EventLogRef[],
  directoryOf: (log: EventLogRef) => string,
): Promise<Readers<Line>> {
  const readers = new Map<string, SegmentLogReader<Line>>();
  for (const log of logs) {
    const name = eventLogName(log);
    if (readers.has(name)) continue;
    const given = { fileSystem: nodeFileSystem, directory: directoryOf(log), name };
    readers.set(name, await openLogReader<Line>(given));
  }
  return (log) => {
    const found = readers.get(eventLogName(log));
    if (!found) throw new Error(`${eventLogName(log)} feeds no view of this function.`);
    return found;
  };
}
