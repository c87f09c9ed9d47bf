import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  eventLogName,
  readEvents,
  startTallyKeeper,
  tallyFeed,
  type DomainEvent,
  type EventLogLine,
  type EventLogRef,
  type MergedLog,
} from 'banyan/events';
import {
  nodeFileSystem,
  openLogReader,
  openLogWriter,
  silentLogger,
  systemClock,
  type LogWriter,
} from 'banyan/runtime';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../kit/eventually.ts';
import { seeded } from '../../kit/seeded.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { applyUnordered } from '../apply-unordered.ts';
import { createMemoryViewStore } from '../memory-view-store.ts';
import { postgresViews } from '../postgres/postgres-views.ts';
import { counters, exampleEvent, exampleHistory, expectedCounters } from '../testing/counters.ts';
import { allPages, newGeneration } from '../testing/examples.ts';
import { createTracker } from '../tracker/tracker.ts';
import { trackingView } from '../tracking-view.ts';
import type { ViewStore } from '../view-store.ts';
import { catchUp } from './catch-up.ts';

const log: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };
// One key is in a third of the events.
const history = exampleHistory(23, 2000, 300).map((event) =>
  event.position % 3 === 0
    ? exampleEvent(event.position, event.type, { keys: [...(event.data['keys'] as string[]), 'hot'] })
    : event,
);
let root: string;
let writer: LogWriter<EventLogLine>;
let merged: MergedLog;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'banyan-catch-up-'));
  const where = { directory: join(root, 'events'), fileSystem: nodeFileSystem };
  const identity = { kind: 'event-log', name: eventLogName(log) };
  writer = await openLogWriter<EventLogLine>({
    ...where,
    ...identity,
    owner: 'the test',
    segmentBytes: 65_536,
  });
  for (const { position, logTime, committedAt, id, type, data } of history) {
    writer.append(position, { kind: 'events', logTime, committedAt, first: 0, events: [{ id, type, data }] });
    await writer.ready();
  }
  await writer.sync();
  merged = { log, reader: await openLogReader<EventLogLine>(where) };
});

afterAll(async () => {
  await writer.close();
  await rm(root, { recursive: true });
});

const stores: readonly [string, () => Promise<ViewStore>][] = [
  ['memory', async () => createMemoryViewStore()],
  [
    'Postgres',
    async () => {
      const store = postgresViews({ connectionString: await testDatabase('catch_up') });
      await store.prepare();
      return store;
    },
  ],
];

async function documentsOf(store: ViewStore, generation: { projection: string; number: number }) {
  const items = await allPages((after) =>
    store.scan(generation, { limit: 1000, ...(after !== undefined && { after }) }),
  );
  return new Map(items.flatMap(({ key, document }) => (document ? [[key, document]] : [])));
}

/** All events of the log, as it gives them. */
async function allEvents(): Promise<DomainEvent[]> {
  const all: DomainEvent[] = [];
  for await (const { events } of readEvents(merged.reader, log)) all.push(...events);
  return all;
}

test.each(stores)('keys that are behind are caught up from a real log, on %s', async (_, open) => {
  const store = await open();
  const generation = await newGeneration(store, { logs: [log] });
  const target = {
    ...{ projection: counters, generation, store, logger: silentLogger },
    tracking: trackingView({ store, generation, clock: systemClock }),
    limits: { windowEvents: 3, windowBytes: 1e6 },
  };
  const all = await allEvents();
  // Backwards, so that nothing settles; and of the last ones the keys never hear, since they are behind.
  for (let at = all.length; at > 0; at -= 250) await applyUnordered(target, all.slice(at - 250, at));
  const behind = await allPages((after) =>
    store.troubled(generation, 'window', { limit: 1000, ...(after !== undefined && { after }) }),
  );
  expect(behind.length).toBeGreaterThan(100);
  const keys = behind.map(({ key }) => key);
  const options = { projection: counters, generation, store, logs: [merged] };
  expect(await catchUp({ ...options, keys })).toMatchObject({ parked: [], left: [] });
  expect(await documentsOf(store, generation)).toEqual(expectedCounters(history));
  expect((await store.troubled(generation, 'window', { limit: 1 })).items).toEqual([]);
  await store.close();
});

test.each(stores)(
  'a tracker heals and catches up by tallies that a keeper makes, on %s',
  async (name, open) => {
    const store = await open();
    const generation = await newGeneration(store, { logs: [log], floor: {} });
    const target = {
      ...{ projection: counters, generation, store, logger: silentLogger },
      tracking: trackingView({ store, generation, clock: systemClock }),
    };
    const keeper = await startTallyKeeper({
      ref: log,
      eventLog: writer,
      directory: join(root, `tallies-${name}`),
      fileSystem: nodeFileSystem,
      clock: systemClock,
      logger: silentLogger,
      everyMs: 10,
      signal: new AbortController().signal,
    });
    const tracker = createTracker({
      ...{ projection: counters, generation, store, logs: [merged], logger: silentLogger },
      tallies: tallyFeed(() => keeper.log),
      healAfterMs: -1,
      limits: { splitEvents: 100 },
      itemLimits: { windowEvents: 20, windowBytes: 1e6 },
    });
    const random = seeded(5);
    const brought = (await allEvents()).filter(() => random() > 0.1);
    for (let at = 0; at < brought.length; at += 200)
      await applyUnordered(target, brought.slice(at, at + 200));
    await eventually(async () => {
      const { watermark } = await tracker.run();
      expect(watermark).toEqual({ [eventLogName(log)]: { position: history.length } });
    });
    expect(await tracker.run()).toMatchObject({
      healed: history.length - brought.length,
      late: 0,
      behind: 0,
      unmet: 0,
    });
    expect(await documentsOf(store, generation)).toEqual(expectedCounters(history));
    await keeper.close();
    await store.close();
  },
);
