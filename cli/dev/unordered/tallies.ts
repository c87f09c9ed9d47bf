import {
  eventLogName,
  startTallyKeeper,
  tallyFeed,
  type EventLogRef,
  type TallyFeed,
  type TallyKeeper,
  type TallyLine,
  type Translator,
} from 'banyan/events';
import { talliesDirectory } from 'banyan/replay';
import { closeAll, nodeFileSystem, once, systemClock, type Closeable, type LogReader } from 'banyan/runtime';
import type { PartOptions } from '../parts.ts';

/** The keepers of the tallies of all event logs that are written in this process. */
export interface Tallies extends Closeable {
  readonly feed: TallyFeed;
  /** The tallies of one event log; undefined: none are kept here. */
  readonly logOf: (log: EventLogRef) => LogReader<TallyLine> | undefined;
  /** Keeps the tallies of a translator's event log from now on. */
  keep(translator: Translator): Promise<void>;
  /** Ends it, before the translator is closed. */
  release(log: EventLogRef): Promise<void>;
  /** Calls back at each tally of one of the logs. */
  onTally(logs: readonly EventLogRef[], listener: () => void): { close(): void };
}

type TalliesOptions = Pick<PartOptions, 'directory' | 'logger' | 'signal'>;

/** Begins without any. */
export function openTallies({ directory, logger, signal }: TalliesOptions): Tallies {
  const keepers = new Map<string, TallyKeeper>();
  const listeners = new Set<(log: string) => void>();
  const logOf: Tallies['logOf'] = (ref) => keepers.get(eventLogName(ref))?.log;
  return {
    feed: tallyFeed(logOf),
    logOf,
    keep: async ({ ref, eventLog }) => {
      const keeper = await startTallyKeeper({
        ref,
        eventLog,
        directory: talliesDirectory(directory, ref),
        fileSystem: nodeFileSystem,
        clock: systemClock,
        logger,
        signal,
        onTally: ({ log }) => {
          for (const listener of [...listeners]) listener(log);
        },
      });
      // What stops it is told by itself; whoever waits for its tallies goes on waiting.
      keeper.ended.catch(() => undefined);
      keepers.set(eventLogName(ref), keeper);
    },
    release: async (ref) => {
      const keeper = keepers.get(eventLogName(ref));
      keepers.delete(eventLogName(ref));
      await keeper?.close();
    },
    onTally: (logs, listener) => {
      const names = new Set(logs.map(eventLogName));
      const heard = (log: string): void => {
        if (names.has(log)) listener();
      };
      listeners.add(heard);
      return { close: () => void listeners.delete(heard) };
    },
    close: once(() => closeAll([...keepers.values()])),
  };
}
