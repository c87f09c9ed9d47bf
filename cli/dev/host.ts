import { startCapture, type Capture, type SnapshotProgress, type Source } from 'banyan/cdc';
import { checkGroups, eventLogOf, eventsMadeBy, logsOf, type Group } from 'banyan/catalog';
import { createLocalBus, eventLogName, startTranslator, type LocalBus, type Translator } from 'banyan/events';
import { ensureLive, startProjector, type Projector } from 'banyan/projections';
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
import { startControl } from './control.ts';
import { startGateways, type RunningGateway } from './gateways.ts';
import { sourceDirectory, translationDirectory } from 'banyan/replay';
import { createStageTimes, type StageTimes } from './stage-times.ts';

/** What `banyan dev` is told on the way. */
export interface HostOptions {
  readonly loaded: LoadedConfig;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly onSnapshot?: (source: string, progress: SnapshotProgress) => void;
  /** The snapshot is whole and durable in the change log. */
  readonly onSnapshotEnd?: (source: string) => void;
}

/** Everything of a project, running in one process. */
export interface Host extends Closeable {
  readonly translators: readonly Translator[];
  readonly projectors: readonly Projector[];
  readonly gateways: readonly RunningGateway[];
  readonly times: StageTimes;
  /** Resolves at the end; rejects when a capture has stopped for good, for nothing new can come then. */
  readonly ended: Promise<void>;
}

/** The parts as they are started, so that the earlier ones are closed when a later one fails to start. */
interface Starting extends HostOptions {
  readonly started: Closeable[];
  readonly times: StageTimes;
}

/**
 * Starts everything that the configuration declares. What stops by itself later (a translation that throws, a
 * document that fails its schema) is logged and holds up nothing else.
 * @throws BanyanError what a part said that cannot start
 */
export async function startHost(options: HostOptions): Promise<Host> {
  refuseFindings(options.loaded);
  const times = createStageTimes(() => performance.timeOrigin + performance.now());
  const starting: Starting = { ...options, started: [], times };
  const close = once(() => closeAll(starting.started));
  try {
    return { ...(await startParts(starting)), times, close };
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
  const { views, groups } = loaded.config;
  started.push(views);
  await views.prepare();
  const captures = new Map<string, Capture>();
  const streaming: Promise<unknown>[] = [];
  for (const name of Object.keys(loaded.config.sources)) {
    const running = await capture(name, starting);
    captures.set(name, running.capture);
    streaming.push(running.streaming);
  }
  const translators = new Map<string, Translator>();
  const bus = createLocalBus({
    eventLog: (ref) => {
      const translator = translators.get(eventLogName(ref));
      if (translator) return translator.eventLog;
      throw new BanyanError('EVENT_LOG_UNKNOWN', `No translator runs for ${eventLogName(ref)}.`);
    },
  });
  started.push(bus);
  for (const group of groups) {
    const translator = await translate(group, captures, bus, starting);
    if (translator) translators.set(eventLogName(translator.ref), translator);
  }
  const projectors: Projector[] = [];
  for (const group of groups) projectors.push(...(await project(group, bus, starting)));
  // A source that cannot be opened must be told before anybody is told that all is well.
  await Promise.all(streaming);
  const gateways = await startGateways(loaded, starting);
  started.push(await startControl(loaded.directory, times));
  return {
    translators: [...translators.values()],
    projectors,
    gateways,
    ended: untilEnd([...captures.values()], signal),
  };
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

async function translate(
  group: Group,
  captures: ReadonlyMap<string, Capture>,
  bus: LocalBus,
  { loaded, logger, signal, started, times }: Starting,
): Promise<Translator | undefined> {
  const ref = eventLogOf(group);
  const changeLog = ref && captures.get(ref.source)?.changeLog;
  if (!ref || !group.translation || !changeLog) return undefined;
  const translator = await startTranslator({
    translation: group.translation,
    events: eventsMadeBy(group, loaded.config.groups),
    changeLog,
    directory: translationDirectory(loaded.directory, ref),
    fileSystem: nodeFileSystem,
    clock: systemClock,
    logger,
    signal,
    announce: (log, announcement) => {
      times.passed(log.source, `translated by ${log.translation}`, announcement.position);
      bus.announce(log, announcement);
    },
  });
  started.push(translator);
  return translator;
}

async function project(group: Group, bus: LocalBus, starting: Starting): Promise<Projector[]> {
  const { loaded, logger, signal, started, times } = starting;
  const { views, groups } = loaded.config;
  const live = await ensureLive({
    store: views,
    group: group.name,
    // What a generation was built with is told by its bundle once projections run from bundles.
    projections: group.projections.map((projection) => ({
      projection,
      bundle: 'source',
      logs: logsOf(projection, groups),
    })),
    logger,
  });
  const projectors: Projector[] = [];
  for (const view of live) {
    if (view.kind === 'outdated') {
      logger.error({ err: view.error, projection: view.projection.name }, 'view is outdated');
      continue;
    }
    const { projection, generation } = view;
    const logs = logsOf(projection, groups);
    const projector = await startProjector({
      store: views,
      projection,
      generation,
      bus,
      logs,
      logger,
      signal,
    });
    projector.onProgress(({ progress }) => {
      for (const ref of logs) {
        const at = progress[eventLogName(ref)];
        if (at)
          times.passed(
            ref.source,
            `in view ${projection.name}`,
            at.index === undefined ? at.position : at.position - 1,
          );
      }
    });
    started.push(projector);
    projectors.push(projector);
  }
  return projectors;
}

async function untilEnd(captures: readonly Capture[], signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([aborted, Promise.all(captures.map(({ ended }) => ended))]);
}
