import {
  closeAll,
  nodeFileSystem,
  once,
  silentLogger,
  systemClock,
  type Closeable,
  type LogWriter,
} from 'banyan/runtime';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PublishedLog } from '../../delivery.ts';
import type { EventLogRef, LogCursor } from '../../domain-event.ts';
import type { EventLogLine } from '../../event-log.ts';
import { readEvents } from '../../read-events.ts';
import { startTallyKeeper } from '../../tally-keeper.ts';
import { eventLogs } from '../../testing/log-fixture.ts';
import { filePublishCursor } from '../publish-cursor.ts';

/** An event log with its tallies, as a process that translates has them. */
export interface LogToPublish extends Closeable {
  readonly log: PublishedLog;
  readonly writer: LogWriter<EventLogLine>;
  /** Appends a transaction's events at the next position, a list for each line; with none, a tick. */
  append(...parts: (readonly string[])[]): Promise<void>;
  /** Up to where was published, as its file says. */
  recorded(): Promise<LogCursor | undefined>;
  /** Ids of all its events, in order. */
  ids(): Promise<readonly string[]>;
}

/** Makes an empty one. */
export async function logToPublish(ref: EventLogRef): Promise<LogToPublish> {
  const logs = await eventLogs();
  const root = await mkdtemp(join(tmpdir(), 'banyan-published-'));
  const eventLog = await logs.writer(ref);
  const tallies = await startTallyKeeper({
    ...{ ref, eventLog, directory: join(root, 'tallies'), fileSystem: nodeFileSystem, clock: systemClock },
    ...{ logger: silentLogger, signal: new AbortController().signal, everyMs: 20 },
  });
  const directory = join(root, 'published');
  const files: Closeable = { close: () => rm(root, { recursive: true }) };
  return {
    log: { ref, eventLog, tallies: tallies.log, directory },
    writer: eventLog,
    append: async (...parts) => {
      const next = eventLog.committed + 1;
      await logs.append(ref, next, next, ...parts);
    },
    recorded: () => filePublishCursor({ directory, fileSystem: nodeFileSystem }).read(),
    ids: async () => {
      const found: string[] = [];
      for await (const { events } of readEvents(eventLog, ref)) found.push(...events.map(({ id }) => id));
      return found;
    },
    close: once(() => closeAll([files, logs, tallies])),
  };
}
