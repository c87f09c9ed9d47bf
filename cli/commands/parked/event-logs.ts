import { eventLogName, type EventLogLine, type EventLogRef, type MergedLog } from 'banyan/events';
import { eventLogDirectory } from 'banyan/replay';
import { closeAll, nodeFileSystem, once, openLogReader, type Closeable } from 'banyan/runtime';

/** Event logs open for reading; their translators may run meanwhile. */
export interface OpenEventLogs extends Closeable {
  readonly logs: readonly MergedLog[];
}

/** @throws BanyanError LOG_NOT_FOUND */
export async function openEventLogs(directory: string, refs: readonly EventLogRef[]): Promise<OpenEventLogs> {
  const opened: Closeable[] = [];
  const logs: MergedLog[] = [];
  const close = once(() => closeAll(opened));
  try {
    for (const log of refs) {
      const reader = await openLogReader<EventLogLine>({
        directory: eventLogDirectory(directory, log),
        fileSystem: nodeFileSystem,
        name: eventLogName(log),
      });
      opened.push(reader);
      logs.push({ log, reader });
    }
    return { logs, close };
  } catch (error) {
    await close();
    throw error;
  }
}
