import type { ChangeLogLine } from 'banyan/cdc';
import { eventLogName, type EventLogLine } from 'banyan/events';
import type { Generation } from 'banyan/projections';
import { closeAll, nodeFileSystem, openLogReader, type Closeable, type LogReader } from 'banyan/runtime';
import { changeLogDirectory, eventLogDirectory } from '../places.ts';
import type { Place } from './cut.ts';
import type { FeedingLog } from './roll-forward.ts';

/** The logs between a source and a view, open for reading. */
export interface Feed extends Closeable {
  readonly changeLog: LogReader<ChangeLogLine>;
  /** Those of the view that come from the source. */
  readonly logs: readonly FeedingLog[];
  /** The durable end of the change log. */
  head(): Promise<Place>;
}

/** @throws BanyanError LOG_NOT_FOUND when nothing was captured or translated yet */
export async function openFeed({
  directory,
  generation,
  source,
}: {
  readonly directory: string;
  readonly generation: Generation;
  readonly source: { readonly name: string };
}): Promise<Feed> {
  const open: Closeable[] = [];
  try {
    const changeLog = await openLogReader<ChangeLogLine>({
      directory: changeLogDirectory(directory, source.name),
      fileSystem: nodeFileSystem,
      name: source.name,
    });
    open.push(changeLog);
    const logs: FeedingLog[] = [];
    for (const ref of generation.logs.filter((log) => log.source === source.name)) {
      const reader = await openLogReader<EventLogLine>({
        directory: eventLogDirectory(directory, ref),
        fileSystem: nodeFileSystem,
        name: eventLogName(ref),
      });
      open.push(reader);
      logs.push({ ref, reader });
    }
    const head = async (): Promise<Place> => {
      const line = await changeLog.head();
      return { position: line?.position ?? 0, cursor: line?.cursor };
    };
    return { changeLog, logs, head, close: () => closeAll(open) };
  } catch (error) {
    await closeAll(open);
    throw error;
  }
}
