import { startCapture, type Capture } from 'banyan/cdc';
import {
  createLocalBus,
  eventLogName,
  startTranslator,
  type EventLogRef,
  type Translator,
} from 'banyan/events';
import { ensureLive, startProjector, type AtomicViewStore, type Projector } from 'banyan/projections';
import {
  BanyanError,
  silentLogger,
  systemClock,
  type Closeable,
  type MemoryStore,
  type OrderedStore,
} from 'banyan/runtime';
import { memoryStore } from 'banyan/runtime';
import type { CrashProcess } from '../crash-file-system.ts';
import { noticingStore } from './noticing-store.ts';
import { events, telling, views } from './shop.ts';
import type { ScriptedSource } from './scripted-source.ts';

/** What outlives a process: the sources, the embedded stores by their directories, the views. */
export interface World {
  readonly sources: readonly ScriptedSource[];
  readonly stores: Map<string, MemoryStore>;
  readonly views: AtomicViewStore;
  /** Stores that were found ahead of their log, which must not be: emptied at opening, though they held something. */
  readonly ahead: Set<string>;
}

/** One life of the process: everything that runs in it. */
export interface Life extends Closeable {
  readonly captures: readonly Capture[];
  readonly translators: readonly Translator[];
  readonly projectors: readonly Projector[];
}

const translations = [telling('a', 'alpha'), telling('a', 'beta'), telling('b', 'gamma')];

/**
 * Starts the whole path in a process of a crash disk.
 * @param lagging translations that do not run in this life
 */
export async function live(world: World, process: CrashProcess, lagging: ReadonlySet<string>): Promise<Life> {
  const started: Closeable[] = [];
  const openStore = (directory: string, purpose: string): OrderedStore => {
    const at = `${directory} ${purpose}`;
    const store = world.stores.get(at) ?? memoryStore();
    world.stores.set(at, store);
    return purpose === 'scratch' ? store : noticingStore(store, () => world.ahead.add(at));
  };
  const life = { captures: [] as Capture[], translators: [] as Translator[], projectors: [] as Projector[] };
  const shared = {
    fileSystem: process,
    logger: silentLogger,
    clock: systemClock,
    openStore,
    lineBytes: 400,
    // Small enough that rows are written, moved to scratch and cut off all the time.
    rowLimits: { flushChanges: 3, writeChanges: 2, memoryBytes: 2000 },
    tickEveryMs: 1,
    retryAfterMs: 1,
  };
  try {
    for (const source of world.sources) {
      const capture = await startCapture({
        ...shared,
        source,
        directory: `/${source.name}`,
        signal: new AbortController().signal,
      });
      started.push(capture);
      life.captures.push(capture);
    }
    const bus = createLocalBus({
      // So few that a transaction's events come in several deliveries.
      limits: { events: 3, progressEveryMs: 5 },
      eventLog: (ref) => {
        const found = life.translators.find((one) => eventLogName(one.ref) === eventLogName(ref));
        if (!found) throw new BanyanError('EVENT_LOG_UNKNOWN', `${eventLogName(ref)} does not run.`);
        return found.eventLog;
      },
    });
    started.push(bus);
    for (const translation of translations) {
      if (lagging.has(translation.name)) continue;
      const source = world.sources.findIndex(({ name }) => name === translation.tables.source);
      const changeLog = life.captures[source]?.changeLog;
      if (!changeLog) continue;
      const translator = await startTranslator({
        ...shared,
        translation,
        events: Object.values(events),
        changeLog,
        directory: `/${translation.name}`,
        announce: (log, announcement) => bus.announce(log, announcement),
      });
      started.push(translator);
      life.translators.push(translator);
    }
    await project(world, bus, life, started);
  } catch (error) {
    await end(started);
    throw error;
  }
  return { ...life, close: () => end(started) };
}

async function project(
  world: World,
  bus: ReturnType<typeof createLocalBus>,
  life: { readonly translators: readonly Translator[]; readonly projectors: Projector[] },
  started: Closeable[],
): Promise<void> {
  const all = Object.values(views);
  const logsOf = ({ handlers }: (typeof all)[number]): EventLogRef[] =>
    [...handlers.keys()].flatMap((type) =>
      life.translators.map(({ ref }) => ref).filter(({ translation }) => translation === type.toLowerCase()),
    );
  const live = await ensureLive({
    store: world.views,
    group: 'shop',
    projections: all.map((projection) => ({ projection, bundle: 'test', logs: logsOf(projection) })),
  });
  for (const generation of live) {
    const projection = all.find(({ name }) => name === generation.projection);
    if (!projection) continue;
    const logs = logsOf(projection);
    // A view waits for all of its translations.
    if (logs.length < projection.handlers.size) continue;
    const projector = await startProjector({
      store: world.views,
      projection,
      generation,
      bus,
      logs,
      logger: silentLogger,
    });
    started.push(projector);
    life.projectors.push(projector);
  }
}

/** Ends what was started; what a dead process cannot do any more is no failure. */
async function end(started: readonly Closeable[]): Promise<void> {
  for (const one of [...started].reverse()) await one.close().catch(() => undefined);
}
