import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { nodeFileSystem, openLogReader, silentLogger, systemClock, type LogReader } from 'banyan/runtime';
import { eventually } from '../kit/eventually.ts';
import type { EventLogRef } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import { startTallyKeeper, type TallyKeeper, type TallyKeeperOptions } from './tally-keeper.ts';
import { tallyFeed } from './tally-feed.ts';
import type { Tally, TallyLine } from './tally.ts';
import { timeAt } from './testing/change-entries.ts';
import { eventLogs, type EventLogs } from './testing/log-fixture.ts';

const orders: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };

let logs: EventLogs;
let directory: string;
let stop: AbortController;
const started: TallyKeeper[] = [];

beforeEach(async () => {
  logs = await eventLogs();
  await logs.writer(orders);
  directory = await mkdtemp(join(tmpdir(), 'banyan-tallies-'));
  stop = new AbortController();
});
afterEach(async () => {
  for (const keeper of started.splice(0)) await keeper.close();
  await logs.close();
  await rm(directory, { recursive: true, force: true });
});

async function keep(options: Partial<TallyKeeperOptions> = {}): Promise<TallyKeeper> {
  const keeper = await startTallyKeeper({
    ref: orders,
    eventLog: logs.inProcess(orders),
    directory: join(directory, 'tallies'),
    fileSystem: nodeFileSystem,
    clock: systemClock,
    logger: silentLogger,
    everyMs: 1,
    signal: stop.signal,
    ...options,
  });
  started.push(keeper);
  return keeper;
}

async function talliesOf(log: LogReader<TallyLine>, after = 0): Promise<Tally[]> {
  const found: Tally[] = [];
  for await (const tally of tallyFeed(() => log).tallies(orders, after)) found.push(tally);
  return found;
}

test('a tally says up to where, by when, and how many of each type', async () => {
  const keeper = await keep({ clock: { now: () => Date.UTC(2026, 5, 1) } });
  await logs.append(orders, 4, 10, ['A', 'B'], ['A']);
  await eventually(async () => {
    expect(await talliesOf(keeper.log)).toEqual([
      {
        log: 'shop:orders@1',
        after: 0,
        to: 4,
        logTime: timeAt(10),
        at: '2026-06-01T00:00:00.000Z',
        counts: { A: 2, B: 1 },
      },
    ]);
  });
});

test('time that passes without events is told, and no tally comes when nothing does', async () => {
  const told: Tally[] = [];
  await keep({ onTally: (tally) => void told.push(tally) });
  await logs.append(orders, 3, 10);
  await eventually(() => {
    expect(told).toMatchObject([{ to: 3, counts: {}, logTime: timeAt(10) }]);
  });
  await logs.append(orders, 5, 20, ['A']);
  await eventually(() => {
    expect(told).toHaveLength(2);
  });
  expect(told[1]).toMatchObject({ after: 3, to: 5, counts: { A: 1 }, logTime: timeAt(20) });
});

test('the first start begins at the end of the event log, a later one behind the last tally', async () => {
  await logs.append(orders, 1, 10, ['A']);
  const first = await keep();
  await logs.append(orders, 2, 10, ['A']);
  await eventually(async () => {
    expect(await talliesOf(first.log)).toMatchObject([{ after: 1, to: 2, counts: { A: 1 } }]);
  });
  await first.close();
  await logs.append(orders, 3, 10, ['B']);
  const second = await keep();
  await eventually(async () => {
    expect(await talliesOf(second.log, 2)).toMatchObject([{ after: 2, to: 3, counts: { B: 1 } }]);
  });
});

test('many events do not wait for the interval', async () => {
  for (let position = 1; position <= 2; position++) await logs.append(orders, position, position);
  const keeper = await keep({ everyMs: 2 ** 30, everyEvents: 4 });
  // The first comes at once; from then on only their number calls for another.
  for (let position = 3; position <= 14; position++) await logs.append(orders, position, position, ['A']);
  await eventually(async () => {
    const later = (await talliesOf(keeper.log)).slice(1);
    expect(later.map(({ counts }) => counts)).toEqual([{ A: 4 }, { A: 4 }]);
  });
});

test('another process reads them, those behind a position', async () => {
  await keep({ everyEvents: 1 });
  for (let position = 1; position <= 4; position++) await logs.append(orders, position * 2, position, ['A']);
  const reader = await openLogReader<TallyLine>({
    directory: join(directory, 'tallies'),
    fileSystem: nodeFileSystem,
    kind: 'tallies',
    name: 'shop:orders@1',
  });
  await eventually(async () => {
    expect((await talliesOf(reader, 5)).map(({ to }) => to)).toEqual([6, 8]);
  });
  await reader.close();
});

test('a feed without a log has none', async () => {
  const none = tallyFeed(() => undefined)
    .tallies(orders, 0)
    [Symbol.asyncIterator]();
  expect(await none.next()).toMatchObject({ done: true });
});

describe('it refuses', () => {
  test('tallies that are ahead of the event log', async () => {
    const keeper = await keep();
    await logs.append(orders, 7, 10, ['A']);
    await eventually(async () => {
      expect(await keeper.log.head()).toMatchObject({ position: 7 });
    });
    await keeper.close();
    const shorter: LogReader<EventLogLine> = {
      head: () => Promise.resolve(undefined),
      async *read() {
        // It has nothing.
      },
    };
    await expect(keep({ eventLog: shorter })).rejects.toMatchObject({
      code: 'TALLIES_AHEAD',
      details: { log: 'shop:orders@1', tallies: 7, eventLog: 0 },
    });
    // The log was let go of.
    await keep();
  });

  test('a second keeper', async () => {
    await keep();
    await expect(keep()).rejects.toMatchObject({ code: 'LOG_IN_USE' });
  });
});

describe('it ends', () => {
  test('by close, by its signal, and with the writer of the event log', async () => {
    const first = await keep();
    await first.close();
    await first.ended;
    const second = await keep();
    stop.abort();
    await second.ended;
    const writer = await logs.writer(orders);
    const third = await keep({ signal: new AbortController().signal });
    await writer.close();
    await third.ended;
  });

  test('by what stops it, and what was kept can be read until close', async () => {
    let isBroken = false;
    const keeper = await keep({
      onTally: () => {
        if (isBroken) throw new Error('full');
      },
    });
    await logs.append(orders, 1, 10, ['A']);
    await eventually(async () => {
      expect(await talliesOf(keeper.log)).toHaveLength(1);
    });
    isBroken = true;
    await logs.append(orders, 2, 10, ['A']);
    await expect(keeper.ended).rejects.toThrow('full');
    expect(await talliesOf(keeper.log)).toHaveLength(2);
  });
});
