import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventLogOf, eventsMadeBy, logsOf, type Group } from 'banyan/catalog';
import { dropPostgresSource, postgres, startCapture } from 'banyan/cdc';
import { createLocalBus, startTranslator } from 'banyan/events';
import { ensureLive, postgresViews, startProjector, type AtomicViewStore } from 'banyan/projections';
import {
  BanyanError,
  closeAll,
  nodeFileSystem,
  once,
  silentLogger,
  systemClock,
  type Closeable,
} from 'banyan/runtime';
import { eventually } from '../../../kit/eventually.ts';
import { sourceDirectory, translationDirectory, verifyView, type Verification } from 'banyan/replay';

/** A group of one source, captured, translated and projected in this process, on real databases. */
export interface RunningGroup extends Closeable {
  readonly store: AtomicViewStore;
  /** Verifies the live generation of a projection by its reconciliation. */
  verify(projection: string, timeoutMs?: number): Promise<Verification>;
  /** Ends capture, translation and projection; the logs stay. */
  stop(): Promise<void>;
}

/** Starts it, in a directory of its own. */
export async function runGroup(group: Group, url: string, viewsUrl: string): Promise<RunningGroup> {
  const directory = await mkdtemp(join(tmpdir(), 'banyan-verify-'));
  const ref = eventLogOf(group);
  if (!ref || !group.translation) throw new BanyanError('TEST', `${group.name} has no translation`);
  const options = {
    connectionString: url,
    tables: ['public.*'],
    slot: `verify_${url.slice(-8)}`,
    idleAfterMs: 50,
  };
  const source = postgres(options).create(ref.source);
  const shared = { fileSystem: nodeFileSystem, logger: silentLogger, clock: systemClock, tickEveryMs: 50 };
  const started: Closeable[] = [];
  const store = postgresViews({ connectionString: viewsUrl });
  await store.prepare();
  const capture = await startCapture({
    ...shared,
    source,
    directory: sourceDirectory(directory, ref.source),
  });
  started.push(capture);
  const bus = createLocalBus({ eventLog: () => translator.eventLog });
  const translator = await startTranslator({
    ...shared,
    translation: group.translation,
    events: eventsMadeBy(group, [group]),
    changeLog: capture.changeLog,
    directory: translationDirectory(directory, ref),
    announce: (log, announcement) => bus.announce(log, announcement),
  });
  started.push(translator, bus);
  const projections = group.projections.map((projection) => ({
    projection,
    bundle: 'source',
    logs: logsOf(projection, [group]),
  }));
  const live = await ensureLive({ store, group: group.name, projections });
  for (const { projection, logs } of projections) {
    const generation = live.find((one) => one.projection === projection.name);
    if (!generation) continue;
    started.push(await startProjector({ store, projection, generation, bus, logs, logger: silentLogger }));
  }
  await eventually(async () => {
    if (!(await capture.changeLog.head())) throw new BanyanError('TEST', 'not captured yet');
  });
  const stop = once(() => closeAll(started));
  return {
    store,
    verify: async (name, timeoutMs = 60_000) => {
      const generation = live.find(({ projection }) => projection === name);
      const reconciliation = group.reconciliations.find(({ projection }) => projection.name === name);
      if (!generation || !reconciliation) throw new BanyanError('TEST', `${name} cannot be verified`);
      const { projection } = reconciliation;
      const signal = new AbortController().signal;
      return verifyView({
        store,
        generation,
        projection,
        reconciliation,
        source,
        directory,
        signal,
        timeoutMs,
      });
    },
    stop,
    close: once(async () => {
      await stop();
      await store.close();
      await dropPostgresSource(ref.source, options);
      await rm(directory, { recursive: true, force: true });
    }),
  };
}
