import type { Capture } from 'banyan/cdc';
import { eventLogName, type HostileFigures, type Translator } from 'banyan/events';
import type { Projector } from 'banyan/projections';
import type { ReplayProject } from 'banyan/replay';
import { BanyanError, closeAll, once, type Closeable } from 'banyan/runtime';
import { refuseReplacedLogs, watchReplacedLogs } from '../replaced-logs.ts';
import { refuseFindings } from '../config/refuse-findings.ts';
import { replayProjectOf } from '../config/replay-project.ts';
import { startCaptures, untilEnd, type CapturesOptions } from './captures.ts';
import { startControl } from './control.ts';
import { feederFor } from './feeder.ts';
import type { Feeder, FeederOptions, Feeding } from './feeding.ts';
import { startGateways, type RunningGateway } from './gateways.ts';
import { startLooking, type Looking } from './looking.ts';
import { outOfDate, type OutOfDate } from './out-of-date.ts';
import { createStageTimes, type StageTimes } from './stage-times.ts';
import { openTranslators, type Translators } from './translators.ts';
import { openViews, type Views } from './views.ts';

/** What `banyan dev` is told on the way. */
export interface HostOptions extends Omit<CapturesOptions, 'started' | 'times'> {
  /** The seed of a hostile bus that feeds the views; absent: an ordered one does. */
  readonly chaos?: number;
}

/** Everything of a project, running in one process. */
export interface Host extends Closeable {
  /** Those that run now; generations and versions come and go. */
  translators(): readonly Translator[];
  projectors(): readonly Projector[];
  readonly gateways: readonly RunningGateway[];
  /** What runs from other code than the present one: as it was when the host was started. */
  readonly outOfDate: readonly OutOfDate[];
  readonly times: StageTimes;
  /** Whether the views are fed in order: where their store writes documents and cursors in one transaction. */
  readonly feeding: Feeding;
  /** What the hostile bus has done; absent where the bus is an ordered one. */
  readonly hostility?: () => HostileFigures;
  /** Looks now for generations and translations that came or went; it does so each second anyway. */
  refresh(): Promise<void>;
  /** Resolves at the end; rejects when a capture has stopped for good, for nothing new can come then. */
  readonly ended: Promise<void>;
}

/** The parts as they are started, so that the earlier ones are closed when a later one fails to start. */
interface Starting extends HostOptions, CapturesOptions {
  readonly project: ReplayProject;
}

/**
 * Starts everything that the configuration declares: every version of a translation and every generation of a view
 * with the code that made it, from its bundle. Code that changed replaces nothing; it is told. What stops by itself later (a translation that throws, a
 * document that fails its schema) is logged and holds up nothing else.
 * @throws BanyanError LOG_BEHIND_VIEWS; what a part said that cannot start
 */
export async function startHost(options: HostOptions): Promise<Host> {
  refuseFindings(options.loaded);
  const times = createStageTimes(() => performance.timeOrigin + performance.now());
  const started: Closeable[] = [options.loaded.config.views];
  const close = once(() => closeAll(started));
  try {
    const project = await replayProjectOf(options.loaded);
    const parts = await startParts({ ...options, project, started, times });
    return { ...parts, times, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startParts(starting: Starting): Promise<Omit<Host, 'times' | 'close'>> {
  const { loaded, started, times, signal } = starting;
  await loaded.config.views.prepare();
  await refuseReplacedLogs(starting.project);
  const { captures, streaming } = await startCaptures(starting);
  const { translators, views, looking, feeder } = await startFollowing(captures, starting);
  // A source that cannot be opened must be told before anybody is told that all is well.
  await streaming;
  const gateways = await startGateways(loaded, starting);
  const refresh = (): Promise<void> => looking.now();
  started.push(await startControl(loaded.directory, { times, feeds: true, refresh }));
  return {
    translators: () => translators.running(),
    projectors: () => views.running(),
    gateways,
    feeding: feeder.feeding,
    ...(feeder.hostility && { hostility: feeder.hostility }),
    outOfDate: await outOfDate(starting.project),
    refresh,
    ended: untilEnd([...captures.values()], signal),
  };
}

/** All that follows the change logs. */
interface Following {
  readonly translators: Translators;
  readonly feeder: Feeder;
  readonly views: Views;
  /** For more of them. */
  readonly looking: Looking;
}

async function startFollowing(
  captures: ReadonlyMap<string, Capture>,
  { project, logger, signal, times, started, chaos }: Starting,
): Promise<Following> {
  const { directory, store, bundles, groups } = project;
  const parts = { directory, store, bundles, logger, signal, times };
  const eventLog: FeederOptions['eventLog'] = (ref) => {
    const translator = translators.find(ref);
    if (translator) return translator.eventLog;
    throw new BanyanError('EVENT_LOG_UNKNOWN', `No translator runs for ${eventLogName(ref)}.`);
  };
  const feeder = feederFor({ ...parts, eventLog }, chaos);
  const translators = await openTranslators(groups, {
    ...parts,
    changeLog: (source) => captures.get(source)?.changeLog,
    announce: feeder.announce,
    tallies: feeder.tallies,
  });
  // Closed before them, since it reads their logs.
  started.push(translators, feeder);
  const views = await openViews(groups, {
    ...parts,
    feeder,
    isTranslated: (log) => translators.find(log) !== undefined,
  });
  started.push(views);
  const watch = watchReplacedLogs(project, logger);
  const look = async (isFirst: boolean): Promise<void> => {
    await watch();
    await translators.look(isFirst);
    await views.look(isFirst);
    await translators.release((log) => views.needs(log));
  };
  await look(true);
  const looking = startLooking(() => look(false), logger);
  started.push(looking);
  return { translators, views, looking, feeder };
}
