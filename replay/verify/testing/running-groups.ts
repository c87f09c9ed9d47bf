import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventLogOf, eventsMadeBy, logsOf, type Group } from 'banyan/catalog';
import { dropPostgresSource, postgres, startCapture, type Capture } from 'banyan/cdc';
import { createLocalBus, eventLogName, startTranslator, type LocalBus, type Translator } from 'banyan/events';
import { ensureLive, postgresViews, startProjector, type AtomicViewStore } from 'banyan/projections';
import { sourceDirectory, translationDirectory, verifyView, type Verification } from 'banyan/replay';
import { closeAll, nodeFileSystem, once, silentLogger, systemClock, type Closeable } from 'banyan/runtime';
import { eventually } from '../../../kit/eventually.ts';

/** Groups of one source, captured, translated and projected in this process, on real databases. */
export interface RunningGroups extends Closeable {
  /** Verifies the live generation of a projection by its reconciliation. */
  verify(projection: string, timeoutMs?: number): Promise<Verification>;
  /** Ends capture, translation and projection; the logs stay. */
  stop(): Promise<void>;
}

/** What to run. */
export interface RunOptions {
  readonly source: string;
  readonly groups: readonly Group[];
  /** The legacy database. */
  readonly url: string;
  readonly viewsUrl: string;
  readonly tables?: readonly string[];
}

interface Running extends RunOptions {
  readonly directory: string;
  readonly store: AtomicViewStore;
  readonly started: Closeable[];
}

const shared = { fileSystem: nodeFileSystem, logger: silentLogger, clock: systemClock, tickEveryMs: 50 };

/** Starts them, in a directory of their own. */
export async function runGroups(given: RunOptions): Promise<RunningGroups> {
  const { source: name, groups, url, viewsUrl, tables = ['public.*'] } = given;
  const directory = await mkdtemp(join(tmpdir(), 'banyan-verify-'));
  const slot = `verify_${url.slice(-8)}`;
  const options = { connectionString: url, tables: [...tables], slot, idleAfterMs: 50 };
  const source = postgres(options).create(name);
  const store = postgresViews({ connectionString: viewsUrl });
  const started: Closeable[] = [];
  const running: Running = { ...given, directory, store, started };
  const stop = once(() => closeAll(started));
  await store.prepare();
  const capture = await startCapture({ ...shared, source, directory: sourceDirectory(directory, name) });
  started.push(capture);
  await project(running, await translate(running, capture));
  await eventually(async () => {
    if (!(await capture.changeLog.head())) throw new Error('not captured yet');
  });
  return {
    verify: async (projection, timeoutMs = 60_000) => {
      const group = groups.find(({ projections }) => projections.some((one) => one.name === projection));
      const reconciliation = group?.reconciliations.find((one) => one.projection.name === projection);
      const [generation] = await store.generations(projection);
      if (!reconciliation || !generation) throw new Error(`${projection} cannot be verified`);
      return verifyView({
        store,
        generation,
        projection: reconciliation.projection,
        reconciliation,
        source,
        directory,
        signal: new AbortController().signal,
        timeoutMs,
      });
    },
    stop,
    close: once(async () => {
      await stop();
      await store.close();
      await dropPostgresSource(name, options);
      await rm(directory, { recursive: true, force: true });
    }),
  };
}

async function translate(running: Running, { changeLog }: Capture): Promise<LocalBus> {
  const translators = new Map<string, Translator>();
  const bus = createLocalBus({
    eventLog: (ref) => {
      const found = translators.get(eventLogName(ref));
      if (found) return found.eventLog;
      throw new Error(`${eventLogName(ref)} does not run`);
    },
  });
  for (const group of running.groups) {
    const ref = eventLogOf(group);
    if (!ref || !group.translation) continue;
    const translator = await startTranslator({
      ...shared,
      translation: group.translation,
      events: eventsMadeBy(group, running.groups),
      changeLog,
      directory: translationDirectory(running.directory, ref),
      announce: (log, announcement) => bus.announce(log, announcement),
    });
    translators.set(eventLogName(ref), translator);
    running.started.push(translator);
  }
  running.started.push(bus);
  return bus;
}

async function project({ store, groups, started }: Running, bus: LocalBus): Promise<void> {
  for (const group of groups) {
    const projections = group.projections.map((projection) => ({
      projection,
      bundle: 'source',
      logs: logsOf(projection, groups),
    }));
    const live = await ensureLive({ store, group: group.name, projections });
    for (const { projection, logs } of projections) {
      const generation = live.find((one) => one.projection === projection.name);
      if (!generation) throw new Error(`${projection.name} has no generation`);
      started.push(await startProjector({ store, projection, generation, bus, logs, logger: silentLogger }));
    }
  }
}
