import { runUntilClosed } from 'banyan/cdc';
import {
  BanyanError,
  openLogWriter,
  type Clock,
  type Closeable,
  type FileSystem,
  type Logger,
  type LogReader,
  type LogWriter,
} from 'banyan/runtime';
import { eventLogName, type EventLogRef } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import { TallyLoop } from './tally-loop.ts';
import type { Tally, TallyLine } from './tally.ts';

/** What a keeper of tallies needs. */
export interface TallyKeeperOptions {
  readonly ref: EventLogRef;
  /** The event log: its translator's own, or one opened for reading only. */
  readonly eventLog: LogReader<EventLogLine>;
  /** Where the tally log is kept. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between tallies, unless so many events came before. Default 1000. */
  readonly everyMs?: number;
  /** Events after which a tally does not wait any longer. Default 5000. */
  readonly everyEvents?: number;
  /** Told of each tally once it is durable. */
  readonly onTally?: (tally: Tally) => void;
  /** Aborting stops the keeper, as `close` does. */
  readonly signal: AbortSignal;
}

/** A keeper of tallies that was started. */
export interface TallyKeeper extends Closeable {
  /** Resolves after `close` or the end of the event log's writer, rejects with what stopped it. */
  readonly ended: Promise<void>;
  /** The tally log, for readers in this process. */
  readonly log: LogReader<TallyLine>;
}

/**
 * Follows an event log and keeps its tallies, behind the last one that is durable. The first start on an event log
 * begins at its present end.
 * @throws BanyanError LOG_*, TALLIES_AHEAD. What stops it later is told by `ended`.
 */
export async function startTallyKeeper(options: TallyKeeperOptions): Promise<TallyKeeper> {
  const { ref, eventLog, clock, logger, onTally = () => undefined, signal } = options;
  const { everyMs = 1000, everyEvents = 5000 } = options;
  const log = eventLogName(ref);
  const tallyLog = await openTallyLog(options, log);
  try {
    const end = (await eventLog.head())?.position ?? 0;
    const last = tallyLog.last?.position;
    if (last !== undefined && last > end) throw talliesAhead(log, last, end, options.directory);
    const parts = { log, eventLog, tallyLog, after: last ?? end, clock, everyMs, everyEvents, onTally };
    const run = runUntilClosed(
      (stop, fail) => new TallyLoop(parts, stop, fail),
      () => tallyLog.close(),
      (err) => {
        logger.error({ err, log }, 'tallies are not kept any more');
      },
      signal,
    );
    return { ended: run.ended, log: tallyLog, close: () => run.close() };
  } catch (error) {
    await tallyLog.close();
    throw error;
  }
}

function openTallyLog(
  { directory, fileSystem, logger }: TallyKeeperOptions,
  name: string,
): Promise<LogWriter<TallyLine>> {
  const owner = `the keeper of the tallies of "${name}"`;
  return openLogWriter({ directory, fileSystem, logger, owner, kind: 'tallies', name });
}

/** Tallies of positions that the event log does not have were made from another event log. */
function talliesAhead(log: string, tallies: number, eventLog: number, directory: string): BanyanError {
  return new BanyanError(
    'TALLIES_AHEAD',
    `The tallies of ${log} go up to position ${String(tallies)}, and its event log ends at ${String(eventLog)}: it is ` +
      `another one, or was restored to an older state. Restore the event log that belongs to them; or, if this one is ` +
      `right, remove ${directory}: tallies then begin at its end, and what lies before is counted from the event log.`,
    { details: { log, tallies, eventLog } },
  );
}
