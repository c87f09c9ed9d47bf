import { expect, test } from '@jest/globals';
import { createLocalBus, eventLogName, type EventLogLine, type EventLogRef } from 'banyan/events';
import { nodeFileSystem, openLogWriter, silentLogger, type LogWriter } from 'banyan/runtime';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase } from '../kit/test-database.ts';
import { postgresViews } from './postgres/postgres-views.ts';
import { startProjector } from './projector.ts';
import { counters, exampleHistory, expectedCounters } from './testing/counters.ts';
import { allPages, newGeneration } from './testing/examples.ts';

const log: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };
const history = exampleHistory(11, 3000, 300);

async function append(writer: LogWriter<EventLogLine>, from: number, to: number): Promise<void> {
  for (const { position, logTime, committedAt, id, type, data } of history.slice(from, to)) {
    writer.append(position, { kind: 'events', logTime, committedAt, first: 0, events: [{ id, type, data }] });
    await writer.ready();
  }
  await writer.sync();
}

test('from an event log through the local bus into Postgres, over restarts of everything', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'banyan-projections-'));
  const connectionString = await testDatabase('local_bus');
  const of = {
    directory,
    fileSystem: nodeFileSystem,
    owner: 'the test',
    kind: 'event-log',
    name: eventLogName(log),
  };
  const first = postgresViews({ connectionString });
  await first.prepare();
  const generation = await newGeneration(first);
  await first.close();

  for (const [from, to] of [
    [0, 1000],
    [1000, 1001],
    [1001, 3000],
  ] as const) {
    const writer = await openLogWriter<EventLogLine>(of);
    const bus = createLocalBus({ eventLog: () => writer });
    const store = postgresViews({ connectionString });
    const options = { projection: counters, generation, store, bus, logs: [log], logger: silentLogger };
    const projector = await startProjector(options);
    await append(writer, from, to);
    await projector.reached({ [eventLogName(log)]: { position: to } });
    expect(projector.status()).toMatchObject({ events: to - from, duplicates: 0 });
    const items = await allPages((after) =>
      store.scan(generation, { limit: 1000, ...(after !== undefined && { after }) }),
    );
    const documents = new Map(items.flatMap(({ key, document }) => (document ? [[key, document]] : [])));
    expect(documents).toEqual(expectedCounters(history.slice(0, to)));
    for (const part of [projector, bus, writer, store]) await part.close();
  }
  await rm(directory, { recursive: true });
});
