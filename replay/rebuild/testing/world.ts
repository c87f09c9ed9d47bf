import {
  compareOrderKeys,
  eventLogName,
  eventsOfLine,
  type DomainEvent,
  type EventLogLine,
  type EventLogRef,
} from 'banyan/events';
import {
  createMemoryViewStore,
  type AnyProjection,
  type AtomicViewStore,
  type GenerationId,
  type ViewStore,
} from 'banyan/projections';
import {
  closeAll,
  nodeFileSystem,
  openLogWriter,
  silentLogger,
  type JsonObject,
  type LogWriter,
} from 'banyan/runtime';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allPages } from '../../../projections/testing/examples.ts';
import { counters } from '../../../projections/testing/counters.ts';
import { eventLogDirectory } from '../../places.ts';
import { withoutCommit } from '../../testing/without-commit.ts';
import type { RebuildOptions } from '../rebuild.ts';

/** The logs that the tests write. */
export const orders: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };
export const customers: EventLogRef = { source: 'crm', translation: 'customers', version: 2 };

/** An event as a test says it. */
export interface Said {
  readonly type: string;
  readonly data: JsonObject;
}

/** An environment's directory with event logs that a test writes, and a view store. */
export interface World {
  readonly directory: string;
  readonly store: AtomicViewStore;
  /** All events written, in order key order. */
  events(): DomainEvent[];
  /** Appends a transaction at the next position (or behind a gap), durable at once; with no events, a tick. */
  append(log: EventLogRef, logTime: string, said: readonly Said[], gap?: number): Promise<void>;
  /** A writer's log, to be read by a projector in this process. */
  writer(log: EventLogRef): LogWriter<EventLogLine>;
  /** Of a rebuild into the store, of which it sees no `commit`. */
  options(given?: Partial<RebuildOptions>): RebuildOptions;
  /** Documents of a generation, by key. */
  documents(id: GenerationId, store?: Pick<ViewStore, 'scan'>): Promise<Map<string, JsonObject>>;
  close(): Promise<void>;
}

export async function makeWorld(
  given: {
    readonly store?: AtomicViewStore;
    readonly code?: AnyProjection;
    readonly logs?: readonly EventLogRef[];
  } = {},
): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'banyan-rebuild-'));
  const { store = createMemoryViewStore(), code = counters, logs = [orders, customers] } = given;
  const writers = new Map<string, LogWriter<EventLogLine>>();
  for (const log of logs) {
    const name = eventLogName(log);
    const place = {
      directory: eventLogDirectory(directory, log),
      fileSystem: nodeFileSystem,
      logger: silentLogger,
    };
    writers.set(
      name,
      await openLogWriter<EventLogLine>({ ...place, owner: 'a test', kind: 'event-log', name }),
    );
  }
  const writerOf = (log: EventLogRef): LogWriter<EventLogLine> => {
    const found = writers.get(eventLogName(log));
    if (!found) throw new Error(`${eventLogName(log)} was not opened`);
    return found;
  };
  const all: DomainEvent[] = [];
  return {
    directory,
    store,
    events: () => all.toSorted(compareOrderKeys),
    writer: writerOf,
    append: async (log, logTime, said, gap = 0) => {
      const writer = writerOf(log);
      const position = writer.committed + 1 + gap;
      const line = lineOf(log, position, logTime, said);
      writer.append(position, line);
      if (line.kind === 'events') all.push(...eventsOfLine(log, { ...line, position }));
      await writer.sync();
    },
    options: (more = {}) => ({
      store: withoutCommit(store),
      ...{ directory, logs, workers: 0, logger: silentLogger, group: 'test', bundle: 'b2' },
      projection: code.name,
      bundles: { path: (hash) => hash, projection: async () => code },
      ...more,
    }),
    documents: async (id, of = store) => {
      const items = await allPages((after) =>
        of.scan(id, { limit: 1000, ...(after !== undefined && { after }) }),
      );
      return new Map(items.flatMap(({ key, document }) => (document ? [[key, document] as const] : [])));
    },
    close: async () => {
      await closeAll([...writers.values()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function lineOf(log: EventLogRef, position: number, logTime: string, said: readonly Said[]): EventLogLine {
  if (said.length === 0) return { kind: 'tick', logTime };
  const name = eventLogName(log);
  const events = said.map((one, index) => ({ id: `${name}:${String(position)}:${String(index)}`, ...one }));
  return { kind: 'events', logTime, committedAt: logTime, first: 0, events };
}

/** The time so many milliseconds after a made-up beginning. */
export function timeAt(milliseconds: number): string {
  return new Date(Date.UTC(2026, 2, 1) + milliseconds).toISOString().replace('Z', '000Z');
}
