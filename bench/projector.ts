import { readEvents, type DomainEvent, type EventLogLine } from 'banyan/events';
import {
  createMemoryViewStore,
  postgresViews,
  type AtomicViewStore,
  type Generation,
} from 'banyan/projections';
import { closeAll, nodeFileSystem, openLogReader, type SegmentLogReader } from 'banyan/runtime';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, startPostgresServer, type PostgresServer } from '../kit/postgres-server.ts';
import { seeded } from '../kit/seeded.ts';
import { runBench } from './bench.ts';
import { countingStore } from './counting-store.ts';
import { projectConvergently, projectNaively, type ProjectorInput } from './projector-run.ts';
import { log, writeEventLog, type Keys } from './replay-log.ts';
import view from './replay-view.ts';

/** How events arrive. */
const arrivals = {
  /** As they were said. */
  ordered: (events: readonly DomainEvent[]) => events,
  /** Each tenth comes up to five batches later. */
  disordered: (events: readonly DomainEvent[]) => {
    const random = seeded(2);
    return sortedBy(events, (at) => (random() < 0.1 ? at + random() * 500 : at));
  },
  /** In no order at all: nothing is complete before the end. */
  shuffled: (events: readonly DomainEvent[]) => {
    const random = seeded(3);
    return sortedBy(events, () => random());
  },
};

function sortedBy(events: readonly DomainEvent[], place: (at: number) => number): DomainEvent[] {
  return events
    .map((event, at) => ({ event, place: place(at) }))
    .sort((one, other) => one.place - other.place)
    .map(({ event }) => event);
}

const suffixes = { ordered: '', disordered: 'Disordered', shuffled: 'Shuffled' } as const;
const rounds = 3;
let databases = 0;

const generationOne: Generation = {
  ...{ projection: view.name, number: 1, state: { kind: 'live' }, bundle: 'bench', logs: [log] },
  ...{ floor: {}, indexes: [], createdAt: '2026-01-01T00:00:00.000Z' },
};

await runBench(
  'Events a second through the convergent projector, beside a naive one that trusts the order, in batches of 100.',
  async ({ quick }, say) => {
    const directory = await mkdtemp(join(tmpdir(), 'banyan-bench-'));
    const server = await startPostgresServer({ settings: {} });
    const figures: Record<string, number> = {};
    try {
      for (const keys of ['distinct', 'skewed'] satisfies Keys[]) {
        const open = (kind: Kind): Promise<Log> =>
          openLog(join(directory, `${keys}-${kind}`), keys, kind, quick);
        const logs = { memory: await open('memory'), postgres: await open('postgres') };
        for (const [name, arrive] of Object.entries(arrivals)) {
          const suffix = `${suffixes[name as keyof typeof arrivals]}${keys === 'skewed' ? 'Skewed' : ''}`;
          const arrived = ({ events, reader }: Log): Log => ({ events: arrive(events), reader });
          const counted = await count(arrived(logs.memory));
          say(`${keys}, ${name}: ${counted.text}`);
          figures[`storeCallsPerEvent${suffix}`] = counted.callsPerEvent;
          figures[`bytesPerEvent${suffix}`] = counted.bytesPerEvent;
          for (const kind of ['memory', 'postgres'] as const) {
            const { ratio, text } = await race(() => openStore(kind, server), arrived(logs[kind]));
            say(`${keys}, ${name}, ${kind}: ${text}`);
            figures[`ratioToNaive${suffix}${kind === 'memory' ? '' : 'Postgres'}`] = ratio;
          }
        }
        await closeAll(Object.values(logs).map(({ reader }) => reader));
      }
      return figures;
    } finally {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
);

type Kind = 'memory' | 'postgres';

/** A log, and its events as they arrive. */
interface Log extends Pick<ProjectorInput, 'events'> {
  readonly reader: SegmentLogReader<EventLogLine>;
}

async function openLog(directory: string, keys: Keys, kind: Kind, quick: boolean): Promise<Log> {
  // The database syncs each commit: a fifth of the events tells as much.
  const most = kind === 'memory' ? 100_000 : 20_000;
  await writeEventLog(directory, quick ? most / 10 : most, keys);
  const reader = await openLogReader<EventLogLine>({ directory, fileSystem: nodeFileSystem });
  const events: DomainEvent[] = [];
  for await (const chunk of readEvents(reader, log)) events.push(...chunk.events);
  return { events, reader };
}

async function openStore(kind: Kind, server: PostgresServer): Promise<AtomicViewStore> {
  if (kind === 'memory') return createMemoryViewStore();
  const connectionString = await createDatabase(server, `views_${String((databases += 1))}`);
  return postgresViews({ connectionString, maxConnections: 2 });
}

/** The two by turns, so that what the machine does besides meets both; the best of each. */
async function race(
  open: () => Promise<AtomicViewStore>,
  input: Log,
): Promise<{ readonly ratio: number; readonly text: string }> {
  const rates = { naive: 0, convergent: 0 };
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, project] of [
      ['naive', projectNaively],
      ['convergent', projectConvergently],
    ] as const) {
      const store = await open();
      const seconds = await timed(store, input, project);
      rates[name] = Math.max(rates[name], input.events.length / seconds);
      await store.close();
    }
  }
  const text = `naive ${whole(rates.naive)} events/s, convergent ${whole(rates.convergent)}`;
  return { ratio: rates.convergent / rates.naive, text };
}

async function timed(
  store: AtomicViewStore,
  input: Log,
  project: (input: ProjectorInput) => Promise<void>,
): Promise<number> {
  await store.prepare();
  const generation = await store.createGeneration(generationOne);
  const began = performance.now();
  await project({ ...input, store, generation });
  return (performance.now() - began) / 1000;
}

/** What each asks of the store. */
async function count(
  input: Log,
): Promise<{ readonly callsPerEvent: number; readonly bytesPerEvent: number; readonly text: string }> {
  const of = async (project: (input: ProjectorInput) => Promise<void>) => {
    const { store, counts } = countingStore(createMemoryViewStore());
    await timed(store, input, project);
    const events = input.events.length;
    const { calls, items, bytes } = counts;
    return { calls: calls / events, items: items / events, bytes: bytes / events, size: bytes / items };
  };
  const [naive, convergent] = [await of(projectNaively), await of(projectConvergently)];
  const told = ({ calls, items, bytes, size }: typeof naive): string =>
    `${calls.toFixed(3)} calls, ${items.toFixed(2)} items, ${whole(bytes)} bytes an event, ${whole(size)} bytes an item`;
  return {
    callsPerEvent: convergent.calls,
    bytesPerEvent: convergent.bytes,
    text: `naive ${told(naive)}; convergent ${told(convergent)}`,
  };
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
