import { eventLogName, type EventLogLine, type EventLogRef } from 'banyan/events';
import { isBanyanError, nodeFileSystem, openLogReader } from 'banyan/runtime';
import { eventLogDirectory } from './places.ts';

/** The last durable position of an event log; 0 when it is empty, or is not there yet. */
export type LogHeads = (log: EventLogRef) => Promise<number>;

/** The heads of the event logs in the environment's directory, whoever writes them. */
export function directoryHeads(directory: string): LogHeads {
  return async (log) => {
    try {
      const reader = await openLogReader<EventLogLine>({
        directory: eventLogDirectory(directory, log),
        fileSystem: nodeFileSystem,
        name: eventLogName(log),
      });
      try {
        return (await reader.head())?.position ?? 0;
      } finally {
        await reader.close();
      }
    } catch (error) {
      if (isBanyanError(error, 'LOG_NOT_FOUND')) return 0;
      throw error;
    }
  };
}
