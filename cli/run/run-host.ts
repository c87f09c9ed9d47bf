import { eventLogName, type EventDelivery } from 'banyan/events';
import type { ReplayProject } from 'banyan/replay';
import { BanyanError, closeAll, once, type Closeable } from 'banyan/runtime';
import { refuseFindings } from '../config/refuse-findings.ts';
import { replayProjectOf } from '../config/replay-project.ts';
import { startCaptures, untilEnd, type CapturesOptions } from '../dev/captures.ts';
import { startControl } from '../dev/control.ts';
import { startLooking, type Looking } from '../dev/looking.ts';
import { outOfDate, type OutOfDate } from '../dev/out-of-date.ts';
import { createStageTimes } from '../dev/stage-times.ts';
import { openTranslators } from '../dev/translators.ts';
import { refuseReplacedLogs, watchReplacedLogs } from '../replaced-logs.ts';
import { openPublications } from './publications.ts';
import { readSubscribers } from './subscribers.ts';

/** What `banyan run` is told on the way. */
export type RunHostOptions = Omit<CapturesOptions, 'started' | 'times'>;

/** Captures and translators of a project, publishing in one process. */
export interface RunHost extends Closeable {
  /** The event logs that are published. */
  readonly logs: readonly string[];
  /** What runs from other code than the present one. */
  readonly outOfDate: readonly OutOfDate[];
  /** Views of which no generation is live: the first one is a replay's, as all others. */
  readonly unbuilt: readonly string[];
  /** Resolves at the end; rejects when a capture has stopped for good, for nothing new can come then. */
  readonly ended: Promise<void>;
}

/**
 * Starts what feeds the functions: the captures, the translators of the registered versions from their bundles, the
 * keepers of their tallies, and what publishes both, once a generation reads them. No generation is made or fed here,
 * and no gateway runs.
 * @throws BanyanError DELIVERY_MISSING; LOG_BEHIND_VIEWS; what a part said that cannot start
 */
export async function startRunHost(options: RunHostOptions): Promise<RunHost> {
  const started: Closeable[] = [options.loaded.config.views];
  const close = once(() => closeAll(started));
  try {
    return { ...(await startParts({ ...options, started })), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startParts(
  options: RunHostOptions & { readonly started: Closeable[] },
): Promise<Omit<RunHost, 'close'>> {
  const { loaded, logger, signal, started } = options;
  const delivery = deliveryOf(options);
  refuseFindings(loaded);
  const times = createStageTimes(() => performance.timeOrigin + performance.now());
  const project = await replayProjectOf(loaded);
  const { directory, store, bundles, groups } = project;
  await store.prepare();
  await refuseReplacedLogs(project);
  const { captures, streaming } = await startCaptures({ ...options, times });
  const parts = { directory, store, bundles, logger, signal, times };
  const publications = openPublications({ ...parts, delivery });
  const translators = await openTranslators(groups, {
    ...parts,
    changeLog: (source) => captures.get(source)?.changeLog,
    // Nobody follows the event logs in this process but what publishes them.
    announce: () => undefined,
    tallies: publications,
  });
  // Closed before the translators, since it reads their logs.
  started.push(translators, publications);
  const watch = watchReplacedLogs(project, logger);
  const looking = await startLooks(async (isFirst) => {
    await watch();
    await translators.look(isFirst);
    const subscribers = await publications.look(() => readSubscribers(groups, store));
    await translators.release((log) => subscribers.read(log));
  }, options);
  await streaming;
  started.push(await startControl(directory, { times, feeds: false, refresh: () => looking.now() }));
  return {
    logs: translators.running().map(({ ref }) => eventLogName(ref)),
    outOfDate: await outOfDate(project),
    unbuilt: await unbuilt(project),
    ended: untilEnd([...captures.values()], signal),
  };
}

async function startLooks(
  look: (isFirst: boolean) => Promise<void>,
  { logger, started }: RunHostOptions & { readonly started: Closeable[] },
): Promise<Looking> {
  await look(true);
  const looking = startLooking(() => look(false), logger);
  started.push(looking);
  return looking;
}

async function unbuilt({ groups, store }: ReplayProject): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { name, projections } of groups) {
    const live = (await store.pointer(name))?.live ?? {};
    names.push(...projections.map(({ projection }) => projection.name).filter((one) => !(one in live)));
  }
  return names;
}

function deliveryOf({ loaded: { config, file } }: RunHostOptions): EventDelivery {
  if (config.delivery) return config.delivery;
  throw new BanyanError(
    'DELIVERY_MISSING',
    `${file} has no "delivery": banyan run has no bus to publish onto. Give it one, such as delivery: eventBridge({ ` +
      `events, busName }) of banyan/events/eventbridge; or run banyan dev, which feeds the views itself.`,
    { details: { file } },
  );
}
