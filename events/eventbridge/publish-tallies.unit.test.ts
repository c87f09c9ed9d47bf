import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  BanyanError,
  closeAll,
  createLogger,
  nodeFileSystem,
  openLogWriter,
  type Closeable,
  type LogReader,
  type LogWriter,
} from 'banyan/runtime';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../kit/eventually.ts';
import type { EventLogRef } from '../domain-event.ts';
import type { Tally, TallyLine } from '../tally.ts';
import { timeAt } from '../testing/change-entries.ts';
import { createBackoff } from './backoff.ts';
import { publishTallies } from './publish-tallies.ts';
import { createStreaks, type Streaks } from './streaks.ts';

const ref: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };
const backoff = createBackoff({ firstMs: 1, mostMs: 1 });

let log: LogWriter<TallyLine>;
let published: Tally[];
let told: string[];
let streaks: Streaks;
let stop: AbortController;
let started: Closeable[];

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'banyan-tallies-'));
  const what = { owner: 'the test', kind: 'tallies', name: 'shop:orders@1' };
  log = await openLogWriter<TallyLine>({ ...what, directory, fileSystem: nodeFileSystem });
  [published, told, stop, streaks] = [[], [], new AbortController(), createStreaks()];
  started = [{ close: () => rm(directory, { recursive: true }) }, log];
});
afterEach(() => closeAll(started));

async function made(after: number, to: number): Promise<Tally> {
  const line = { after, logTime: timeAt(to), at: timeAt(to), counts: { OrderPlaced: to - after } };
  log.append(to, line);
  await log.sync();
  return { log: 'shop:orders@1', to, ...line };
}

/** Publishes from now on; what is thrown refuses a tally. */
function publishing(refuse: () => void = () => undefined, tallies: LogReader<TallyLine> = log): void {
  const sender = {
    publishTally: async (_: EventLogRef, tally: Tally) => {
      refuse();
      // A line has more than a tally: what stands in the log beside it.
      const { log: name, after, to, logTime, at, counts } = tally;
      published.push({ log: name, after, to, logTime, at, counts });
    },
  };
  const logger = createLogger({ write: (line) => told.push(line) });
  const running = publishTallies({ ref, tallies }, { sender, backoff, logger, signal: stop.signal, streaks });
  started.push({
    close: async () => {
      stop.abort();
      await running;
    },
  });
}

test('the newest tally and each that follows are published, until it is stopped', async () => {
  await made(0, 2);
  const newest = await made(2, 5);
  publishing();
  await eventually(() => expect(published).toEqual([newest]));
  const next = await made(5, 6);
  await eventually(() => expect(published).toEqual([newest, next]));
  expect(told).toEqual([]);
});

test('it begins before there is any', async () => {
  publishing();
  const first = await made(0, 2);
  await eventually(() => expect(published).toEqual([first]));
});

test('what fails is told, seldom, and goes on with the newest', async () => {
  let refused = 0;
  await made(0, 2);
  publishing(() => {
    if (refused++ < 20) throw new BanyanError('BUS_REFUSED', 'there is no such bus');
  });
  await eventually(() => expect(published).toHaveLength(1));
  // The first, second, fourth, eighth and sixteenth time.
  expect(told).toHaveLength(5);
  expect(told[0]).toContain('there is no such bus');
  const next = await made(2, 3);
  await eventually(() => expect(published.at(-1)).toEqual(next));
});

test('begun again, it goes on counting: the same is not told as new, until a tally is published', async () => {
  await made(0, 2);
  let isRefusing = true;
  let refused = 0;
  const refuse = (): void => {
    if (!isRefusing) return;
    refused += 1;
    throw new BanyanError('BUS_REFUSED', 'no');
  };
  const fail = async (times: number): Promise<void> => {
    const before = refused;
    publishing(refuse);
    await eventually(() => expect(refused).toBeGreaterThanOrEqual(before + times));
    await started.pop()?.close();
    stop = new AbortController();
  };
  for (let life = 0; life < 8; life += 1) await fail(1);
  expect(told.length).toBeLessThanOrEqual(Math.log2(refused) + 1);
  const before = told.length;
  isRefusing = false;
  publishing(refuse);
  await eventually(() => expect(published).toHaveLength(1));
  await started.pop()?.close();
  [stop, isRefusing] = [new AbortController(), true];
  await fail(1);
  expect(told.length).toBeGreaterThan(before);
});

test('a log that cannot be read is tried again', async () => {
  let times = 0;
  const broken: LogReader<TallyLine> = {
    head: () => (times++ < 3 ? Promise.reject(new BanyanError('LOG_CORRUPT', 'torn')) : log.head()),
    read: (options) => log.read(options),
  };
  const newest = await made(0, 2);
  publishing(() => undefined, broken);
  await eventually(() => expect(published).toEqual([newest]));
  expect(told.join()).toContain('torn');
});

test('it ends while it waits for a bus that refuses', async () => {
  await made(0, 2);
  publishing(() => {
    throw new BanyanError('BUS_REFUSED', 'no');
  });
  await eventually(() => expect(told.length).toBeGreaterThan(0));
});
