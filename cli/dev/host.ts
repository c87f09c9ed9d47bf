import { startCapture, type Capture, type SnapshotProgress, type Source } from 'banyan/cdc';
import { checkGroups } from 'banyan/catalog';
import { eventLogName, type HostileFigures, type Translator } from 'banyan/events';
import type { Projector } from 'banyan/projections';
import { sourceDirectory, type ReplayProject } from 'banyan/replay';
import {
  BanyanError,
  closeAll,
  nodeFileSystem,
  once,
  systemClock,
  type Closeable,
  type Logger,
} from 'banyan/runtime';
import type { LoadedConfig } from '../config/load-config.ts';
import { replayProjectOf } from '../config/replay-project.ts';
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
export interface HostOptions {
  readonly loaded: LoadedConfig;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** The seed of a hostile bus that feeds the views; absent: an ordered one does. */
  readonly chaos?: number;
  readonly onSnapshot?: (source: string, progress: SnapshotProgress) => void;
  /** The snapshot is whole and durable in the change log. */
  readonly onSnapshotEnd?: (source: string) => void;
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
interface Starting extends HostOptions {
  readonly project: ReplayProject;
  readonly started: Closeable[];
  readonly times: StageTimes;
}

/**
 * Starts everything that the configuration declares: every version of a translation and every generation of a view
 * with the code that made it, from its bundle. Code that changed replaces nothing; it is told. What stops by itself later (a translation that throws, a
 * document that fails its schema) is logged and holds up nothing else.
 * @throws BanyanError what a part said that cannot start
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

function refuseFindings({ config }: LoadedConfig): void {
  const findings = checkGroups(config.groups, Object.keys(config.sources));
  if (findings.length === 0) return;
  const lines = findings.map(({ code, message }) => `  ${code}: ${message}`);
  throw new BanyanError('GROUPS_INVALID', `The groups do not fit together:\n${lines.join('\n')}`, {
    details: { findings: findings.map(({ code, message }) => ({ code, message })) },
  });
}

async function startParts(starting: Starting): Promise<Omit<Host, 'times' | 'close'>> {
  const { loaded, started, times, signal } = starting;
  await loaded.config.views.prepare();
  const captures = new Map<string, Capture>();
  const streaming: Promise<unknown>[] = [];
  for (const name of Object.keys(loaded.config.sources)) {
    const running = await capture(name, starting);
    captures.set(name, running.capture);
    streaming.push(running.streaming);
  }
  const { translators, views, looking, feeder } = await startFollowing(captures, starting);
  // A source that cannot be opened must be told before anybody is told that all is well.
  await Promise.all(streaming);
  const gateways = await startGateways(loaded, starting);
  const refresh = (): Promise<void> => looking.now();
  started.push(await startControl(loaded.directory, { times, refresh }));
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
  const look = async (isFirst: boolean): Promise<void> => {
    await translators.look(isFirst);
    await views.look(isFirst);
    await translators.release((log) => views.needs(log));
  };
  await look(true);
  const looking = startLooking(() => look(false), logger);
  started.push(looking);
  return { translators, views, looking, feeder };
}

async function capture(
  name: string,
  starting: Starting,
): Promise<{
  readonly capture: Capture;
  /** Settles when its source is open, from when on every commit is an event; or with the capture's end. */
  readonly streaming: Promise<unknown>;
}> {
  const { loaded, logger, signal, started, times, onSnapshot, onSnapshotEnd } = starting;
  const definition = loaded.config.sources[name];
  if (!definition) throw new BanyanError('SOURCE_UNKNOWN', `There is no source ${name}.`);
  let inSnapshot = false;
  let opened = (): void => undefined;
  const isOpen = new Promise<void>((resolve) => (opened = resolve));
  const running = await startCapture({
    source: watched(definition.create(name, { logger: logger.child({ source: name }) }), opened),
    directory: sourceDirectory(loaded.directory, name),
    fileSystem: nodeFileSystem,
    clock: systemClock,
    logger,
    signal,
    onSnapshotProgress: (told) => {
      inSnapshot = true;
      onSnapshot?.(name, told);
    },
    onDurable: (position) => {
      times.passed(name, 'logged', position);
      // It is the log's first transaction, so what is durable first is the whole of it.
      if (inSnapshot) onSnapshotEnd?.(name);
      inSnapshot = false;
    },
  });
  started.push(running);
  const streaming = Promise.race([isOpen, running.ended]);
  // Awaited later, when the other parts were started too.
  streaming.catch(() => undefined);
  return { capture: running, streaming };
}

/** The source, telling that its stream was opened. */
function watched(source: Source, opened: () => void): Source {
  return {
    name: source.name,
    lag: () => source.lag(),
    open: async (options) => {
      const stream = await source.open(options);
      opened();
      return stream;
    },
  };
}

async function untilEnd(captures: readonly Capture[], signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([aborted, Promise.all(captures.map(({ ended }) => ended))]);
}
