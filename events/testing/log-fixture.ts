import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  closeAll,
  nodeFileSystem,
  openLogReader,
  openLogWriter,
  type Closeable,
  type LogReader,
  type LogWriter,
} from 'banyan/runtime';
import { eventLogName, type EventLogRef } from '../domain-event.ts';
import type { EventLogLine } from '../event-log.ts';
import { appendEntry } from './append-entry.ts';

/** Event logs in a temporary directory, written by the test itself. */
export interface EventLogs extends Closeable {
  /** The writer, opened when first asked for. */
  writer(log: EventLogRef): Promise<LogWriter<EventLogLine>>;
  /** What a bus of the writer's process reads. */
  readonly inProcess: (log: EventLogRef) => LogReader<EventLogLine>;
  /** What another process would read. */
  reader(log: EventLogRef): Promise<LogReader<EventLogLine>>;
  /** Appends a transaction's events, a list for each line, and makes them durable; with none, a tick. */
  append(log: EventLogRef, position: number, time: number, ...parts: (readonly string[])[]): Promise<void>;
}

/** Makes an empty set of event logs. */
export async function eventLogs(): Promise<EventLogs> {
  const root = await mkdtemp(join(tmpdir(), 'banyan-events-'));
  const opened: Closeable[] = [];
  const writers = new Map<string, LogWriter<EventLogLine>>();
  const directoryOf = (log: EventLogRef): string => join(root, eventLogName(log).replace(':', '.'));
  const writer = async (log: EventLogRef): Promise<LogWriter<EventLogLine>> => {
    const name = eventLogName(log);
    const known = writers.get(name);
    if (known) return known;
    const where = { directory: directoryOf(log), fileSystem: nodeFileSystem };
    const made = await openLogWriter<EventLogLine>({ ...where, owner: 'a test', kind: 'event-log', name });
    opened.push(made);
    writers.set(name, made);
    return made;
  };
  return {
    writer,
    inProcess: (log) => {
      const found = writers.get(eventLogName(log));
      if (!found) throw new Error(`${eventLogName(log)} was not opened`);
      return found;
    },
    reader: async (log) => {
      const made = await openLogReader<EventLogLine>({
        directory: directoryOf(log),
        fileSystem: nodeFileSystem,
      });
      opened.push(made);
      return made;
    },
    append: async (log, position, time, ...parts) => {
      const to = await writer(log);
      await appendEntry(to, log, position, time, parts);
      await to.sync();
    },
    close: async () => {
      await closeAll(opened);
      await rm(root, { recursive: true, force: true });
    },
  };
}
