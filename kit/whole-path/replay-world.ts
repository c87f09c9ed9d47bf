import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCapture, type Capture, type ChangeLogLine } from 'banyan/cdc';
import {
  createLocalBus,
  eventLogName,
  startTranslator,
  type EventLogRef,
  type Translation,
  type Translator,
} from 'banyan/events';
import {
  ensureLive,
  isParked,
  startProjector,
  type AnyProjection,
  type AtomicViewStore,
  type Generation,
  type GenerationId,
  type Projector,
} from 'banyan/projections';
import {
  BanyanError,
  memoryStore,
  nodeFileSystem,
  silentLogger,
  type Closeable,
  type LogReader,
} from 'banyan/runtime';
import { allPages } from '../../projections/testing/examples.ts';
import { sourceDirectory, translationDirectory } from '../../replay/places.ts';
import { eventually } from '../eventually.ts';
import { shown, type Histories } from './replay-oracle.ts';
import { scriptedSource } from './scripted-source.ts';
import { events } from './shop.ts';

/** A projection and the logs that feed it. */
export interface Fed {
  readonly projection: AnyProjection;
  readonly logs: readonly EventLogRef[];
}

/** An environment in a directory of its own, with everything that `banyan dev` runs, and histories that happen when told to. */
export interface ReplayWorld extends Closeable {
  readonly directory: string;
  readonly store: AtomicViewStore;
  /** Lets the next commits of a source happen. */
  happen(source: string, commits: number): void;
  /** How many commits of a source have happened. */
  happened(source: string): number;
  /** A translation that does not go beyond that position, until told otherwise. */
  hold(translation: string, position: number): void;
  /** Waits until what has happened is translated, as far as no translation is held. */
  translated(): Promise<void>;
  /** Runs a translation, whose event log there may be already. */
  translate(translation: Translation, memory?: boolean): Promise<void>;
  /** Makes the first generation of each view, live, and feeds it. */
  goLive(views: readonly Fed[]): Promise<readonly Generation[]>;
  /** Feeds a generation, beside whatever else is fed. */
  feed(projection: AnyProjection, generation: Generation): Promise<void>;
  /** Waits until every generation has all of the histories. */
  drained(): Promise<void>;
  /** Documents as canonical JSON, by key, and where keys are parked; see `shown`. */
  documents(id: GenerationId): Promise<Record<string, string>>;
}

const settings = {
  fileSystem: nodeFileSystem,
  logger: silentLogger,
  lineBytes: 400,
  tickEveryMs: 1,
  retryAfterMs: 1,
};

/** Starts to capture the histories; nothing has happened yet. */
export async function startReplayWorld(
  store: AtomicViewStore,
  histories: Histories,
  random: () => number,
): Promise<ReplayWorld> {
  const world = new World(await mkdtemp(join(tmpdir(), 'banyan-g4-')), store, histories);
  await world.capture(random);
  return world;
}

class World implements ReplayWorld {
  readonly directory: string;
  readonly store: AtomicViewStore;
  readonly #histories: Histories;
  readonly #started: Closeable[] = [];
  readonly #happened = new Map<string, number>();
  readonly #held = new Map<string, number>();
  readonly #captures = new Map<string, Capture>();
  readonly #translators = new Map<string, Translator>();
  readonly #projectors: { readonly projector: Projector; readonly logs: readonly EventLogRef[] }[] = [];
  readonly #bus = createLocalBus({
    limits: { events: 3, progressEveryMs: 30 },
    eventLog: (ref) => this.#translatorOf(ref).eventLog,
  });

  constructor(directory: string, store: AtomicViewStore, histories: Histories) {
    this.directory = directory;
    this.store = store;
    this.#histories = histories;
  }

  async capture(random: () => number): Promise<void> {
    for (const [name, commits] of Object.entries(this.#histories)) {
      const source = scriptedSource(name, commits, random, () => this.happened(name));
      const capture = await startCapture({
        ...settings,
        source,
        directory: sourceDirectory(this.directory, name),
        openStore: () => memoryStore(),
      });
      this.#captures.set(name, capture);
      this.#started.push(capture);
    }
    this.#started.push(this.#bus);
  }

  happened(source: string): number {
    return this.#happened.get(source) ?? 0;
  }

  happen(source: string, commits: number): void {
    const all = this.#histories[source]?.length ?? 0;
    this.#happened.set(source, Math.min(all, this.happened(source) + commits));
  }

  hold(translation: string, position: number): void {
    this.#held.set(translation, position);
  }

  async translated(): Promise<void> {
    const behind = (): string[] =>
      [...this.#translators.values()].flatMap((translator) => {
        const { log, position, durable, state } = translator.status();
        if (state.kind === 'failed') throw state.error;
        const happened = this.happened(translator.ref.source);
        const wanted = Math.min(happened, this.#limitOf(log));
        // A translator with all ticks makes the position durable, events or none.
        return position < wanted
          ? [`${log}: ${String(position)}/${String(durable)} of ${String(wanted)}`]
          : [];
      });
    await this.#meanwhile(eventually(() => none(behind())));
  }

  async translate(translation: Translation, memory = true): Promise<void> {
    const ref = refOf(translation);
    const captured = this.#captures.get(ref.source);
    if (!captured) throw new Error(`${ref.source} is not captured`);
    const translator = await startTranslator({
      ...settings,
      translation,
      events: Object.values(events),
      changeLog: heldBack(captured.changeLog, () => this.#limitOf(eventLogName(ref))),
      directory: translationDirectory(this.directory, ref),
      announce: (log, announcement) => this.#bus.announce(log, announcement),
      ...(memory && { openStore: () => memoryStore() }),
    });
    this.#translators.set(eventLogName(ref), translator);
    this.#started.push(translator);
  }

  async goLive(views: readonly Fed[]): Promise<readonly Generation[]> {
    const live = await ensureLive({
      store: this.store,
      group: 'shop',
      projections: views.map((view) => ({ ...view, bundle: 'first' })),
    });
    for (const generation of live) {
      const view = views.find(({ projection }) => projection.name === generation.projection);
      if (view) await this.feed(view.projection, generation);
    }
    return live;
  }

  async feed(projection: AnyProjection, generation: Generation): Promise<void> {
    const { store } = this;
    const { logs } = generation;
    const fed = { projection, generation, store, bus: this.#bus, logs, logger: silentLogger };
    const projector = await startProjector(fed);
    this.#projectors.push({ projector, logs });
    this.#started.push(projector);
  }

  async drained(): Promise<void> {
    const limit = AbortSignal.timeout(60_000);
    const reached = this.#projectors.map(({ projector, logs }) => {
      const ends = logs.map((log) => [eventLogName(log), { position: this.#lengthOf(log) }] as const);
      return projector.reached(Object.fromEntries(ends), limit);
    });
    await this.#meanwhile(Promise.all(reached));
  }

  async documents(id: GenerationId): Promise<Record<string, string>> {
    const items = await allPages((after) =>
      this.store.scan(id, { limit: 1000, ...(after !== undefined && { after }) }),
    );
    const found = items.flatMap((item) => {
      const { key, document } = item;
      const parked = isParked(item) ? item.state.cause.eventId : undefined;
      return document || parked !== undefined ? [[key, shown(document, parked)] as const] : [];
    });
    return Object.fromEntries(found);
  }

  async close(): Promise<void> {
    for (const one of this.#started.reverse()) await one.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Waits, and throws what stops any part of the path. */
  async #meanwhile(waiting: Promise<unknown>): Promise<void> {
    const parts = [
      ...this.#captures.values(),
      ...this.#translators.values(),
      ...this.#projectors.map(({ projector }) => projector),
    ];
    await Promise.race([waiting, ...parts.map(({ ended }) => ended)]);
  }

  #translatorOf(ref: EventLogRef): Translator {
    const found = this.#translators.get(eventLogName(ref));
    if (!found) throw new BanyanError('EVENT_LOG_UNKNOWN', `${eventLogName(ref)} does not run.`);
    return found;
  }

  #limitOf(log: string): number {
    return this.#held.get(log) ?? Infinity;
  }

  #lengthOf({ source }: EventLogRef): number {
    return this.#histories[source]?.length ?? 0;
  }
}

/** The event log of a translation. */
export function refOf({ name, version, tables }: Translation): EventLogRef {
  return { source: tables.source, translation: name, version };
}

function none(behind: readonly string[]): void {
  if (behind.length > 0) throw new Error(`still behind: ${behind.join('; ')}`);
}

/** A log whose reader gets nothing beyond a position, for as long as that is so: a consumer that lags. */
function heldBack(log: LogReader<ChangeLogLine>, limit: () => number): LogReader<ChangeLogLine> {
  return {
    head: () => log.head(),
    async *read(options) {
      for await (const batch of log.read(options)) {
        for (const entry of batch) {
          while (entry.position > limit() && options.signal?.aborted !== true)
            await new Promise((resolve) => setTimeout(resolve, 5));
          if (options.signal?.aborted === true) return;
          yield [entry];
        }
      }
    },
  };
}
