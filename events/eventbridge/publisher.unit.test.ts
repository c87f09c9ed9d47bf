import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { BanyanError, createLogger, nodeFileSystem, type LogWriter } from 'banyan/runtime';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../kit/eventually.ts';
import type { EventLogRef, LogCursor } from '../domain-event.ts';
import type { EventLogLine } from '../event-log.ts';
import { eventLogs, type EventLogs } from '../testing/log-fixture.ts';
import { filePublishCursor } from './publish-cursor.ts';
import { startPublisher, type Publisher } from './publisher.ts';

const ref: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };
let logs: EventLogs;
let eventLog: LogWriter<EventLogLine>;
let directory: string;
let told: string[];

beforeEach(async () => {
  told = [];
  directory = await mkdtemp(join(tmpdir(), 'banyan-publisher-'));
  logs = await eventLogs();
  eventLog = await logs.writer(ref);
  await logs.append(ref, 2, 10, ['A', 'B'], ['A']);
  await logs.append(ref, 5, 11, ['B']);
});
afterEach(async () => {
  await logs.close();
  await rm(directory, { recursive: true });
});

/** Publishes into a list. */
async function started(
  from?: LogCursor,
  publish?: () => Promise<void>,
): Promise<{ publisher: Publisher; ids: string[]; stop: AbortController }> {
  const ids: string[] = [];
  const stop = new AbortController();
  const cursor = filePublishCursor({ directory, fileSystem: nodeFileSystem });
  const bus = {
    publish: async (events: readonly { id: string }[]) => {
      await publish?.();
      ids.push(...events.map(({ id }) => id));
    },
  };
  const logger = createLogger({ write: (line) => told.push(line) });
  const parts = { ref, eventLog, bus, cursor, logger, signal: stop.signal };
  return { publisher: await startPublisher({ ...parts, ...(from && { from }) }), ids, stop };
}

const all = ['2:0', '2:1', '2:2', '5:0'].map((place) => `shop:orders@1:${place}`);

test('the first start publishes the whole log, the next what came since', async () => {
  const first = await started();
  await eventually(() => expect(first.publisher.published).toEqual({ position: 5 }));
  expect(first.ids).toEqual(all);
  await first.publisher.close();
  await first.publisher.ended;
  await logs.append(ref, 6, 12, ['A']);
  const second = await started({ position: 0 });
  await eventually(() => expect(second.publisher.published).toEqual({ position: 6 }));
  expect(second.ids).toEqual(['shop:orders@1:6:0']);
  await second.publisher.close();
});

test('the first start may begin later, within a transaction too', async () => {
  const { publisher, ids, stop } = await started({ position: 2, index: 1 });
  await eventually(() => expect(publisher.published).toEqual({ position: 5 }));
  expect(ids).toEqual(all.slice(2));
  stop.abort();
  await publisher.ended;
});

test('what the bus refuses stops it, and is told by `ended` alone; nothing is recorded', async () => {
  const { publisher, ids } = await started(undefined, () =>
    Promise.reject(new BanyanError('BUS_REFUSED', 'no')),
  );
  await expect(publisher.ended).rejects.toMatchObject({ code: 'BUS_REFUSED' });
  await publisher.close();
  expect(ids).toEqual([]);
  const again = await started();
  await eventually(() => expect(again.ids).toEqual(all));
  await again.publisher.close();
  // Who begins again knows whether it is news.
  expect(told).toEqual([]);
});

test.each(['', 'x', '{"position":-1}', '{"position":1,"index":"2"}', 'null'])(
  'a cursor file of %p is refused',
  async (text) => {
    await writeFile(join(directory, 'published.json'), text);
    await expect(started()).rejects.toMatchObject({ code: 'PUBLISH_CURSOR_INVALID' });
  },
);
