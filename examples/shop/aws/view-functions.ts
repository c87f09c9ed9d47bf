import { eventLogName, tallyFeed, type EventLogLine, type EventLogRef, type TallyLine } from 'banyan/events';
import { resolveFromLogs } from 'banyan/events/eventbridge';
import type { AnyProjection, Generation, ViewStore } from 'banyan/projections';
import {
  sqsProjector,
  trackerFunction,
  type SqsHandler,
  type TrackerHandler,
} from 'banyan/projections/lambda';
import { eventLogDirectory, talliesDirectory } from 'banyan/replay';
import { closeAll, nodeFileSystem, openLogReader, type Closeable, type Logger } from 'banyan/runtime';
import type { Metrics } from 'banyan/runtime/aws';

/** What the functions of one generation of a view need. */
export interface ViewFunctionsOptions {
  readonly generation: Generation;
  /** With the code that built the generation. */
  readonly projection: AnyProjection;
  readonly group: string;
  readonly store: ViewStore;
  /** Where `banyan run` keeps the event logs and tallies. */
  readonly directory: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Milliseconds after which what a tally misses is taken from the event log. */
  readonly healAfterMs: number;
}

/** The functions of one generation; closing ends what reads its logs. */
export interface ViewFunctions extends Closeable {
  readonly projector: SqsHandler;
  readonly tracker: TrackerHandler;
}

/** Opens the logs of a generation, and makes its functions. @throws BanyanError LOG_NOT_FOUND before they are written */
export async function viewFunctions(options: ViewFunctionsOptions): Promise<ViewFunctions> {
  const { generation, projection, group, store, logger, metrics, healAfterMs } = options;
  const readers = await openReaders(options);
  const readersOf = (log: EventLogRef): Readers => {
    const found = readers.get(eventLogName(log));
    if (!found) throw new Error(`${eventLogName(log)} feeds no view of this function.`);
    return found;
  };
  const shared = { logger, metrics, group };
  const logs = generation.logs.map((log) => ({ log, reader: readersOf(log).events }));
  const tallies = tallyFeed((log) => readersOf(log).tallies);
  return {
    projector: sqsProjector({
      ...{ ...shared, projection, generation, store },
      resolve: resolveFromLogs((log) => readersOf(log).events),
    }),
    tracker: trackerFunction({
      ...shared,
      views: [{ projection, generation, store, logs, tallies, healAfterMs }],
    }),
    close: () => closeAll([...readers.values()].flatMap(({ events, tallies: counted }) => [events, counted])),
  };
}

/** The logs of one version of a translation, as others than its translator read them. */
type Readers = Awaited<ReturnType<typeof readersOfLog>>;

async function openReaders({
  generation,
  directory,
}: ViewFunctionsOptions): Promise<ReadonlyMap<string, Readers>> {
  const readers = new Map<string, Readers>();
  for (const log of generation.logs) readers.set(eventLogName(log), await readersOfLog(directory, log));
  return readers;
}

async function readersOfLog(directory: string, log: EventLogRef) {
  const given = { fileSystem: nodeFileSystem, name: eventLogName(log) };
  const events = await openLogReader<EventLogLine>({
    ...given,
    directory: eventLogDirectory(directory, log),
  });
  try {
    const tallies = await openLogReader<TallyLine>({ ...given, directory: talliesDirectory(directory, log) });
    return { events, tallies };
  } catch (error) {
    await events.close();
    throw error;
  }
}
