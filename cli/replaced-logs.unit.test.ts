import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { EventLogRef, LogCursor } from 'banyan/events';
import { projection, type GenerationId } from 'banyan/projections';
import { changeLogDirectory, type ReplayGroup, type ReplayProject } from 'banyan/replay';
import { nodeFileSystem, openLogWriter, silentLogger, type Logger } from 'banyan/runtime';
import { z } from 'zod';
import { createEnvironment, type Environment } from '../replay/testing/environment.ts';
import { refuseReplacedLogs, viewsAhead, watchReplacedLogs } from './replaced-logs.ts';

const log: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };

let environment: Environment;
beforeEach(async () => {
  environment = await createEnvironment(['order'], { logs: [log] });
});
afterEach(() => environment.close());

function place(): Pick<ReplayProject, 'directory' | 'store' | 'groups'> {
  const { directory, store, group: name } = environment;
  // Of its code nothing is asked.
  const code = { projection: projection('order', z.object({})), logs: [log] };
  return { directory, store, groups: [{ name, projections: [code] }] as unknown as readonly ReplayGroup[] };
}

/** Captures so many transactions. */
async function captured(positions: number): Promise<void> {
  const writer = await openLogWriter<{ readonly kind: string }>({
    directory: changeLogDirectory(environment.directory, 'shop'),
    fileSystem: nodeFileSystem,
    ...{ kind: 'change-log', name: 'shop', owner: 'a test', dense: true },
  });
  for (let position = writer.committed + 1; position <= positions; position += 1)
    writer.append(position, { kind: 'tick' });
  await writer.sync();
  await writer.close();
}

async function complete(number: number, watermark: LogCursor): Promise<void> {
  const { store } = environment;
  const id: GenerationId = { projection: 'order', number };
  const { revision, ...tracking } = await store.tracking(id);
  await store.changeTracking(id, revision, { ...tracking, watermark: { 'shop:orders@1': watermark } });
}

test('a view that is ahead of its change log is found, with both places', async () => {
  await captured(3);
  await complete(1, { position: 4 });
  const found = {
    projection: 'order',
    number: 1,
    log: 'shop:orders@1',
    source: 'shop',
    watermark: 4,
    end: 3,
  };
  expect(await viewsAhead(place())).toEqual([found]);
  await expect(refuseReplacedLogs(place())).rejects.toMatchObject({
    code: 'LOG_BEHIND_VIEWS',
    message: expect.stringMatching(
      /order\.g1 is complete up to position 4 .* ends at 3\..*banyan replay start/,
    ),
    details: { views: [found] },
  });
});

test('with an empty directory every view that has anything is ahead', async () => {
  await complete(1, { position: 1, index: 0 });
  expect(await viewsAhead(place())).toMatchObject([{ watermark: 1, end: 0 }]);
});

test('a view is not ahead at the very end of the log, nor before it has anything, whatever its event log has', async () => {
  expect(await viewsAhead(place())).toEqual([]);
  await captured(3);
  await complete(1, { position: 3 });
  expect(await viewsAhead(place())).toEqual([]);
  await expect(refuseReplacedLogs(place())).resolves.toBeUndefined();
});

test('ready ones count; those that are built, retired or failed are fed by nobody', async () => {
  await captured(1);
  const states = [
    { kind: 'ready' },
    { kind: 'building' },
    { kind: 'opening' },
    { kind: 'retired', at: '2026-01-01T00:00:00.000Z' },
    { kind: 'failed', why: 'a test' },
  ] as const;
  for (const state of states) {
    const { number } = await environment.build('order', { state });
    await complete(number, { position: 9 });
  }
  expect(await viewsAhead(place())).toMatchObject([{ number: 2 }]);
});

test('while it goes on it is told once, and again when it is something else', async () => {
  const told: string[] = [];
  const logger = { ...silentLogger, error: (_: unknown, message: string) => void told.push(message) };
  const look = watchReplacedLogs(place(), logger as unknown as Logger, 0);
  await captured(1);
  await look();
  expect(told).toEqual([]);
  await complete(1, { position: 2 });
  await look();
  await look();
  expect(told).toEqual([expect.stringContaining('position 2')]);
  await complete(1, { position: 3 });
  await look();
  expect(told).toHaveLength(2);
});
